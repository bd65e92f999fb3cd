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

from peers import (BUILD, MOST, PEERS, THREADS, PASSIVE, Peer, open_program)
from program import Skipped, write_shapes
from turns import difference, head, in_turns, row, save, say, say_title, \
    skipped

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


def ours(name, batch, threads):
    return open_program([f"{BUILD}/bench/turn",
                         f"{BUILD}/models/{name}/{name}.so", str(batch),
                         str(threads), folder_of(name)])


def compare_peer(peer, name, work):
    """Rows of a peer; returns the largest difference."""
    worst, folder = 0.0, folder_of(name)
    peer.choose(folder, MOST, "time", 1, 4)
    for threads in THREADS:
        program = peer.start(folder, threads, peer.best)
        try:
            for batch in BATCHES:
                mine = ours(name, batch, threads)
                try:
                    worst = max(worst, difference(mine, program, batch, work,
                                                  LIMIT))
                    row(peer.label(program.first["version"]), threads, batch,
                        *in_turns(mine, program, batch))
                finally:
                    mine.close()
        finally:
            program.close()
    return worst


def compare_encoder(name, title, size, normalised, work):
    write_images(folder_of(name), size, *normalised)
    head(f"{title}, images of {size} x {size}: features of a batch", "ms")
    errors = []
    for peer in encoder_peers():
        try:
            errors.append(f"{peer.name} {compare_peer(peer, name, work):.1e}")
        except Skipped as why:
            skipped(peer.name, why)
    say("largest relative RMS difference to cedm: " + ", ".join(errors))


def main():
    write_images(folder_of(ENCODERS[0][0]), *ENCODERS[0][2:3], *IMAGENET)
    program = ours(ENCODERS[0][0], 1, 1)
    say_title("bench-encoders", program.first["version"])
    program.close()
    with tempfile.TemporaryDirectory(dir=PEERS) as work:
        for encoder in ENCODERS:
            compare_encoder(*encoder, work)
    save(RESULT)


main()
