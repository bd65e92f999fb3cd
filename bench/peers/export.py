# SPDX-License-Identifier: MIT
#
# export.py - the network as ONNX and as TorchScript, for the peers that read
# those.  Written by current PyTorch; one file of each per batch, because
# fixed shapes give every peer its best plan.
"""Usage: export.py CHECKPOINT OUT_FOLDER BATCH..."""

import json
import os
import sys

import torch

from songunet import Denoiser, read_safetensors


def main(checkpoint, out, *batches):
    torch.set_grad_enabled(False)
    tensors, metadata = read_safetensors(checkpoint)
    config = json.loads(metadata["cedm.config"])
    denoise = Denoiser(tensors, config).eval()
    for batch in map(int, batches):
        size, channels = config["img_resolution"], config["img_channels"]
        inputs = (torch.randn(batch, channels, size, size),
                  torch.rand(batch, 1) + 0.5,
                  torch.zeros(batch, config["label_dim"]))
        path = f"{out}/batch{batch}"
        torch.jit.trace(denoise, inputs, check_trace=False).save(
            path + ".pt.tmp")
        torch.onnx.export(denoise, inputs, path + ".onnx.tmp",
                          input_names=["x", "sigma", "labels"],
                          output_names=["denoised"], opset_version=17,
                          dynamo=False)
        for suffix in (".pt", ".onnx"):
            os.replace(path + suffix + ".tmp", path + suffix)


main(*sys.argv[1:])
