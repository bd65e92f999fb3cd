# SPDX-License-Identifier: MIT
#
# compare_encoders.py - cedm and other runtimes encode the same images in
# turns; one table.  Features that differ by more than 1e-4 (relative RMS) are
# refused.  cedm takes 8-bit images, the others normalised ones.
"""Usage: compare_encoders.py BUILD RESULT; ROUNDS and THREADS are in the
environment."""

import array
import random
import sys
import tempfile

from evaluations import compare_peers, open_ours
from peers import PASSIVE, PEERS, Peer
from program import write_shapes
from turns import head, save, say_title

RESULT = sys.argv[2]
BATCHES = (1, 8)
LIMIT = 1e-4
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
FID = ((128 / 255,) * 3, (128 / 255,) * 3)
# What is normalised by mean and deviation of v / 255.
ENCODERS = (
    ("vits16", "DINO ViT-S/16", 224, IMAGENET),
    ("vitb16", "DINO ViT-B/16", 224, IMAGENET),
    ("dinov2_vitb14", "DINOv2 ViT-B/14", 224, IMAGENET),
    ("inception", "FID's Inception", 299, FID),
)


def folder_of(name):
    return f"{PEERS}/net/{name}"


def model_of(name):
    return f"{name}/{name}"


def write_images(folder, size, mean, deviation):
    """The same images as bytes, HWC, and normalised, CHW."""
    pixels = size * size
    images = random.Random(3).randbytes(max(BATCHES) * pixels * 3)
    with open(folder + "/images.u8", "wb") as file:
        file.write(images)
    tables = [array.array("f", ((v / 255 - m) / d for v in range(256)))
              for m, d in zip(mean, deviation)]
    with open(folder + "/x.f32", "wb") as file:
        for first in range(0, len(images), 3 * pixels):
            image = images[first:first + 3 * pixels]
            for c, table in enumerate(tables):
                array.array("f", (table[v] for v in image[c::3])).tofile(file)
    write_shapes(folder, x=(3, size, size))


def encoder_peers():
    torch = [[([layout], wait) for layout in way for wait in ({}, PASSIVE)]
             for way in (("nchw", "nhwc"), ("compiled",))]
    return [Peer(name, f"{name}_peer.py", [([], {})])
            for name in ("onnxruntime", "openvino")
            ] + [Peer("torch", "torch_encoder.py", settings)
                 for settings in torch]


def compare_encoder(name, title, size, normalised, work):
    write_images(folder_of(name), size, *normalised)
    head(f"{title}, images of {size} x {size}: features of a batch", "ms")
    compare_peers(encoder_peers(), folder_of(name), model_of(name), BATCHES,
                  LIMIT, work)


def main():
    write_images(folder_of(ENCODERS[0][0]), *ENCODERS[0][2:3], *IMAGENET)
    first = ENCODERS[0][0]
    program = open_ours(model_of(first), 1, 1, folder_of(first))
    say_title("bench-encoders", program.first["version"])
    program.close()
    with tempfile.TemporaryDirectory(dir=PEERS) as work:
        for encoder in ENCODERS:
            compare_encoder(*encoder, work)
    save(RESULT)


main()
