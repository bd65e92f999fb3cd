# SPDX-License-Identifier: MIT
#
# torch_encoder.py - an encoder in PyTorch on the CPU, in one of its layouts.
#
#     nchw, nhwc   as written, in that memory format
#     compiled     torch.compile with frozen weights
"""Usage: torch_encoder.py FOLDER THREADS LAYOUT"""

import sys
import warnings

import torch

from encoders import load_encoder
from peer import serve

folder, threads, layout = sys.argv[1], int(sys.argv[2]), sys.argv[3]
warnings.filterwarnings("ignore")
torch.set_num_threads(threads)
torch.set_grad_enabled(False)


def prepare(batch, inputs):
    images = torch.from_numpy(inputs[0])
    net = load_encoder(folder + "/checkpoint.safetensors", images.shape[2])
    if layout == "nhwc":
        net = net.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    elif layout == "compiled":
        import torch._inductor.config as inductor
        inductor.freezing = True
        net = torch.compile(net, dynamic=False)
    net(images)
    return lambda: net(images).numpy()


serve(folder, "PyTorch " + torch.__version__, prepare)
