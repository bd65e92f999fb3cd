# SPDX-License-Identifier: MIT
#
# torch_train_gpu.py - updates of a training in PyTorch on a GPU: EDM's loss,
# backward, Adam, moving average; no augmentation, no dropout, images that are
# on the GPU already.
#
#     shipped   as in the published loop: float32 without TF32, a wait for the
#               host after every block of the decoder; gradients that are not
#               finite replaced, and the average moved, tensor by tensor
#     amp       autocast to half precision with a loss scale, channels_last,
#               torch.compile, fused Adam, all tensors of the average at once
#
# Micro-batches are the whole batch, or the largest half, quarter and so on
# that less than half of the memory is enough for: cedm has the other.
"""Usage: torch_train_gpu.py FOLDER MODE [DEVICE]"""

import sys
import warnings

try:
    import torch
except ImportError:
    sys.exit("no PyTorch")

from peer import serve
from songunet import Denoiser, edm_loss, one_hot, open_device, read_network

folder, mode = sys.argv[1:3]
device = open_device(*sys.argv[3:4])
warnings.filterwarnings("ignore")
if device.type == "cuda":
    torch.cuda.set_per_process_memory_fraction(0.45)
torch.backends.cudnn.benchmark = True
torch.backends.cudnn.allow_tf32 = False
torch.backends.cuda.matmul.allow_tf32 = False
amp = mode == "amp"
half = torch.float16 if device.type == "cuda" else torch.bfloat16
tensors, config = read_network(folder)
denoise = Denoiser(
    tensors, config, torch.float32,
    torch.channels_last if amp else torch.contiguous_format,
    sync=not amp).train().to(device)
net = torch.compile(denoise, dynamic=False) if amp else denoise
parameters = list(denoise.parameters())
average = [p.detach().clone() for p in parameters]
adam = torch.optim.Adam(parameters, lr=1e-4, betas=(0.9, 0.999), eps=1e-8,
                        **({"fused": True} if amp else {}))
scaler = torch.amp.GradScaler(device.type,
                              enabled=amp and device.type == "cuda")


def step_shipped():
    for p in parameters:
        torch.nan_to_num(p.grad, nan=0, posinf=1e5, neginf=-1e5, out=p.grad)
    adam.step()
    with torch.no_grad():
        for mean, p in zip(average, parameters):
            mean.copy_(p.lerp(mean, 0.999))


def step_amp():
    scaler.step(adam)
    scaler.update()
    with torch.no_grad():
        torch._foreach_lerp_(average, parameters, 0.001)


def update(y, labels, micro):
    adam.zero_grad(set_to_none=True)
    for at in range(0, len(y), micro):
        part = slice(at, at + micro)
        with torch.autocast(device.type, half, enabled=amp):
            loss = edm_loss(net, y[part], labels[part]) / len(y)
        scaler.scale(loss).backward()
    if amp:
        step_amp()
    else:
        step_shipped()


def finish():
    if device.type == "cuda":
        torch.cuda.synchronize()


def fits(y, labels, micro):
    try:
        update(y, labels, micro)
        finish()
        return True
    except torch.cuda.OutOfMemoryError:
        if micro % 2 != 0:
            raise
    adam.zero_grad(set_to_none=True)
    torch.cuda.empty_cache()
    return False


def prepare_training(batch):
    shape = (batch, config["img_channels"], config["img_resolution"],
             config["img_resolution"])
    y = (torch.randint(256, shape) / 127.5 - 1).to(device)
    labels = one_hot(torch.arange(batch) % max(config["label_dim"], 1),
                     config["label_dim"]).to(device)
    micro = batch
    while not fits(y, labels, micro):
        micro //= 2

    def updates(count):
        for _ in range(count):
            update(y, labels, micro)
        finish()
    return updates


serve(folder, f"PyTorch {torch.__version__} {mode}",
      prepare_training=prepare_training)
