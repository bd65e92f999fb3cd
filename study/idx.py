# SPDX-License-Identifier: MIT
#
# idx.py - images of an idx file.
import gzip

import torch


def read_idx(path):
    """Grey images, as they are or compressed by gzip: bytes, [N, H, W]."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    shape = [int.from_bytes(data[i:i + 4], "big") for i in (4, 8, 12)]
    y = torch.frombuffer(bytearray(data[16:]), dtype=torch.uint8)
    return y.reshape(shape)
