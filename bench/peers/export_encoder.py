# SPDX-License-Identifier: MIT
#
# export_encoder.py - an encoder as ONNX, one file per batch, because fixed
# shapes give every peer its best plan.
"""Usage: export_encoder.py FOLDER SIZE BATCH..."""

import os
import sys

import torch

from encoders import load_encoder


def main(folder, size, *batches):
    torch.set_grad_enabled(False)
    size = int(size)
    net = load_encoder(folder + "/checkpoint.safetensors", size)
    for batch in map(int, batches):
        path = f"{folder}/batch{batch}.onnx"
        torch.onnx.export(net, (torch.zeros(batch, 3, size, size),),
                          path + ".tmp", input_names=["x"],
                          output_names=["features"], opset_version=17,
                          dynamo=False)
        os.replace(path + ".tmp", path)


main(*sys.argv[1:])
