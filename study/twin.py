# SPDX-License-Identifier: MIT
#
# twin.py - the training of a run in PyTorch: same network, same first weights,
# same images, same recipe, other random numbers.
#
# FIRST is a snapshot of cedm-train after its first update, whose rate is 0, so
# that it has the weights that a run begins with.  A line of JSON for each tick
# has the loss as stats.jsonl has it; the average of the weights goes to OUT,
# as a checkpoint that cedm-freeze takes.
"""Usage: twin.py FIRST IMAGES.gz KIMG SEED OUT [IDS]"""

import json
import os
import sys
import time

import numpy
import torch
from idx import read_idx

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "bench", "peers"))
from songunet import Denoiser, edm_loss, one_hot, read_safetensors  # noqa: E402

BATCH, RATE, RAMP, HALF_LIFE, EMA_RAMP = 64, 2e-3, 20e3, 50e3, 0.05


def read_images(path):
    """Grey images of an idx file in a border, [N, 1, 32, 32] from -1 to 1."""
    y = read_idx(path)[:, None]
    edge = (32 - y.shape[2]) // 2
    return torch.nn.functional.pad(y, (edge, edge, edge, edge))


def read_ids(path):
    if path.endswith(".npy"):
        return torch.from_numpy(numpy.load(path)).long()
    with open(path, encoding="ascii") as file:
        return torch.tensor([int(line) for line in file])


def shuffled(n):
    """The images' numbers for ever, each once before any comes again."""
    while True:
        yield from torch.randperm(n).tolist()


def train(denoise, images, ids, kimg):
    parameters = list(denoise.parameters())
    average = [p.detach().clone() for p in parameters]
    adam = torch.optim.Adam(parameters, lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    classes = denoise.net.label_dim
    order = shuffled(len(images))
    seen, tick, total, count = 0, 0, 0.0, 0
    every = int(kimg) // 4 * 1000  # as in fashion.bash
    begin = time.monotonic()
    while seen < kimg * 1000:
        rows = torch.tensor([next(order) for _ in range(BATCH)])
        y = images[rows].float() / 127.5 - 1
        labels = one_hot(ids[rows], classes) if classes else None
        loss = edm_loss(denoise, y, labels) / BATCH
        adam.zero_grad(set_to_none=True)
        loss.backward()
        for group in adam.param_groups:
            group["lr"] = RATE * min(seen / RAMP, 1)
        adam.step()
        half_life = min(HALF_LIFE, seen * EMA_RAMP)
        beta = 0.5 ** (BATCH / max(half_life, 1e-8))
        with torch.no_grad():
            for mean, p in zip(average, parameters):
                mean.lerp_(p, 1 - beta)
        seen += BATCH
        total += float(loss.detach()) / y[0].numel()
        count += 1
        if seen >= (tick + 1) * every or seen >= kimg * 1000:
            tick += 1
            print(json.dumps({"tick": tick, "seen": seen,
                              "loss": total / count,
                              "seconds": time.monotonic() - begin}), flush=True)
            total, count = 0.0, 0
    return average


def write(first, metadata, tensors, path):
    """A checkpoint like the first, with other tensors."""
    metadata = {key: value for key, value in metadata.items()
                if key != "cedm.crc32c"}  # of the tensors of the first
    header, data = {"__metadata__": metadata}, bytearray()
    for name, value in first.items():
        value = tensors.get(name, value).detach().float().contiguous()
        raw = value.numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".part", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data)
    os.replace(path + ".part", path)


def main():
    first_path, images, kimg, seed, out = sys.argv[1:6]
    torch.manual_seed(int(seed))
    first, metadata = read_safetensors(first_path)
    denoise = Denoiser(first, json.loads(metadata["cedm.config"]))
    ids = read_ids(sys.argv[6]) if len(sys.argv) > 6 else None
    average = train(denoise, read_images(images), ids, float(kimg))
    names = [name for name, _ in denoise.net.named_parameters()]
    write(first, metadata, {"model." + name.replace("__", "."): value
                            for name, value in zip(names, average)}, out)


main()
