# SPDX-License-Identifier: MIT
#
# torch_peer.py - the network in PyTorch on the CPU: one evaluation, or a whole
# sampling, in one of its layouts.
#
#     nchw, nhwc   as written, in that memory format
#     blocked      traced, frozen and optimised for inference: weights are in
#                  oneDNN's own layout
#     compiled     torch.compile with frozen weights, the best of its layouts
"""Usage: torch_peer.py FOLDER THREADS LAYOUT"""

import sys
import warnings

import torch

from peer import serve
from songunet import Denoiser, one_hot, read_network, sample

folder, threads, layout = sys.argv[1], int(sys.argv[2]), sys.argv[3]
warnings.filterwarnings("ignore")
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
tensors, config = read_network(folder)
memory_format = (torch.channels_last if layout == "nhwc"
                 else torch.contiguous_format)
denoise = Denoiser(tensors, config, layout=memory_format).eval()
denoise.requires_grad_(False)


def prepared(inputs):
    if layout == "blocked":
        traced = torch.jit.trace(denoise, inputs, check_trace=False)
        return torch.jit.optimize_for_inference(torch.jit.freeze(traced))
    if layout == "compiled":
        import torch._inductor.config as inductor
        inductor.freezing = True
        return torch.compile(denoise, dynamic=False)
    return denoise


def prepare(batch, inputs):
    inputs = tuple(torch.from_numpy(value) for value in inputs)
    net = prepared(inputs)
    for _ in range(2): # a traced network optimises itself at first
        net(*inputs)
    return lambda: net(*inputs).numpy()


def prepare_sampling(batch, steps):
    shape = (config["img_channels"], config["img_resolution"],
             config["img_resolution"])
    latents = torch.stack([
        torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        for seed in range(batch)])
    labels = one_hot(torch.full((batch,), 5), config["label_dim"])
    net = prepared((latents, torch.ones(batch, 1), labels))
    sample(net, latents, labels, 2)
    return lambda: sample(net, latents, labels, steps).numpy()


serve(folder, "PyTorch " + torch.__version__, prepare, prepare_sampling)
