# SPDX-License-Identifier: MIT
#
# torch_gpu.py - the network in PyTorch on a GPU: one evaluation, or a whole
# sampling, in one of the ways that people run it.
#
#     shipped   float32 without TF32, a wait for the host after every block of
#               the decoder
#     fp32      the same without the waits
#     tf32      float32 with TF32
#     fp16      half precision, channels_last
#     compiled  the same by torch.compile(mode="max-autotune"), which tries
#               kernels and replays CUDA graphs
"""Usage: torch_gpu.py FOLDER MODE [DEVICE]"""

import sys
import warnings

try:
    import torch
except ImportError:
    sys.exit("no PyTorch")

from peer import serve
from songunet import Denoiser, one_hot, open_device, read_network, sample

folder, mode = sys.argv[1:3]
device = open_device(*sys.argv[3:4])
warnings.filterwarnings("ignore")
torch.set_grad_enabled(False)
torch.backends.cudnn.benchmark = True
torch.backends.cudnn.allow_tf32 = mode == "tf32"
torch.backends.cuda.matmul.allow_tf32 = mode == "tf32"
half = mode in ("fp16", "compiled")
tensors, config = read_network(folder)
denoise = Denoiser(
    tensors, config, torch.float16 if half else torch.float32,
    torch.channels_last if half else torch.contiguous_format,
    sync=mode == "shipped").eval().requires_grad_(False).to(device)
net = (torch.compile(denoise, mode="max-autotune", dynamic=False)
       if mode == "compiled" else denoise)


def finish():
    if device.type == "cuda":
        torch.cuda.synchronize()


def evaluate(*inputs):
    if mode == "compiled":  # its outputs may be overwritten from here on
        torch.compiler.cudagraph_mark_step_begin()
    return net(*inputs)


def prepare(batch, inputs):
    inputs = tuple(torch.from_numpy(value).to(device) for value in inputs)

    def once():
        result = evaluate(*inputs)
        finish()
        return result.float().cpu().numpy()
    for _ in range(3):  # graphs are captured in the second call
        once()
    return once


def prepare_sampling(batch, steps):
    shape = (config["img_channels"], config["img_resolution"],
             config["img_resolution"])
    latents = torch.randn((batch, *shape), device=device)
    clusters = torch.arange(batch) % max(config["label_dim"], 1)
    labels = one_hot(clusters, config["label_dim"]).to(device)

    def once():
        x = sample(evaluate, latents, labels, steps)
        images = (x * 127.5 + 128).clip(0, 255).to(torch.uint8)
        return images.cpu().numpy()
    for _ in range(2):
        once()
    return once


serve(folder, f"PyTorch {torch.__version__} {mode}", prepare,
      prepare_sampling)
