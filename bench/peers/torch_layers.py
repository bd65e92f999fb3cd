# SPDX-License-Identifier: MIT
#
# torch_layers.py - what PyTorch makes of single layers on a GPU: seconds of
# 3x3 convolutions by cuDNN, half precision, channels_last, with bias; and the
# latents that its generator gives for seeds 0 and on.
"""Usage: torch_layers.py BATCH CHANNELS SIZE FILE [DEVICE]; prints JSON,
writes float32 [BATCH][CHANNELS][SIZE][SIZE]"""

import json
import statistics
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit("no PyTorch")

from songunet import open_device

SHAPES = ((256, 256, 32), (512, 256, 32), (256, 256, 16), (512, 256, 16),
          (256, 256, 8))
batch, channels, size = map(int, sys.argv[1:4])
device = open_device(*sys.argv[5:6])
torch.set_grad_enabled(False)
torch.backends.cudnn.benchmark = True


def finish():
    if device.type == "cuda":
        torch.cuda.synchronize()


def seconds_of(cin, cout, side, calls=10):
    half = torch.float16 if device.type == "cuda" else torch.float32

    def make(*shape):
        return torch.randn(shape, device=device).to(
            half, memory_format=torch.channels_last)
    x, weight = make(batch, cin, side, side), make(cout, cin, 3, 3) * 0.02
    bias = torch.randn(cout, device=device).to(half)
    samples = []
    for i in range(8):
        finish()
        start = time.perf_counter()
        for _ in range(calls if i > 0 else 1):
            F.conv2d(x, weight, bias, padding=1)
        finish()
        if i > 0:
            samples.append((time.perf_counter() - start) / calls)
    return statistics.median(samples)


torch.stack([
    torch.randn((channels, size, size), device=device,
                generator=torch.Generator(device).manual_seed(seed))
    for seed in range(batch)]).cpu().numpy().tofile(sys.argv[4])
print(json.dumps({
    f"3x3 {cin}+0 to {cout} @{side}": seconds_of(cin, cout, side)
    for cin, cout, side in (SHAPES if device.type == "cuda"
                            else ((8, 8, 8),))}))
