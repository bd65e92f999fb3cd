# SPDX-License-Identifier: MIT
#
# torch_train.py - updates of a training in PyTorch on the CPU: EDM's loss,
# backward, Adam, moving average; no augmentation, no dropout.
#
# Commands are those of peer.py: `time BATCH COUNT` times updates.  Layout
# `compiled` is torch.compile in channels_last; PyTorch 1.13 has no such thing.
"""Usage: torch_train.py FOLDER THREADS LAYOUT"""

import sys
import warnings

import torch

from peer import serve
from songunet import Denoiser, edm_loss, one_hot, read_network

folder, threads, layout = sys.argv[1], int(sys.argv[2]), sys.argv[3]
warnings.filterwarnings("ignore")
torch.set_num_threads(threads)
tensors, config = read_network(folder)
memory_format = (torch.contiguous_format if layout == "nchw"
                 else torch.channels_last)
denoise = Denoiser(tensors, config, layout=memory_format).train()
parameters = list(denoise.parameters())
average = [p.detach().clone() for p in parameters]
adam = torch.optim.Adam(parameters, lr=1e-4, betas=(0.9, 0.999), eps=1e-8,
                        **({"fused": True} if torch.__version__ >= "2.4"
                           else {"foreach": True}))


def loss_of(y, labels):
    return edm_loss(denoise, y, labels) / len(y)


def prepare(batch, _):
    shape = (batch, config["img_channels"], config["img_resolution"],
             config["img_resolution"])
    y = torch.randint(256, shape).float() / 127.5 - 1
    labels = one_hot(torch.randint(config["label_dim"], (batch,)),
                     config["label_dim"])
    loss = torch.compile(loss_of, dynamic=False) \
        if layout == "compiled" else loss_of

    def update():
        adam.zero_grad(set_to_none=True)
        loss(y, labels).backward()
        adam.step()
        with torch.no_grad():
            torch._foreach_mul_(average, 0.999)
            torch._foreach_add_(average, parameters, alpha=0.001)
    return update


serve(folder, "PyTorch " + torch.__version__, prepare)
