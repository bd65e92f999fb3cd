#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# resize.py BUILD [FROM TO] - milliseconds to resize an RGB image on one thread,
# ours and Pillow's in turns, the best of each; needs Pillow and NumPy.
import subprocess
import sys
import time

import numpy
import PIL
from PIL import Image

FILTERS = {"box": Image.BOX, "bilinear": Image.BILINEAR,
           "hamming": Image.HAMMING, "bicubic": Image.BICUBIC,
           "lanczos": Image.LANCZOS}
ROUNDS, TRIALS = 3, 15


def ours(program, size):
    out = subprocess.run([program, *map(str, size)], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    return {name: float(ms) for name, ms in map(str.split, out.splitlines())}


def pillow(image, size, kind):
    best = 1e9
    for _ in range(TRIALS):
        start = time.thread_time()
        image.resize(size, kind)
        best = min(best, time.thread_time() - start)
    return best * 1e3


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    size = [int(x) for x in sys.argv[2:4]] or [1024, 64]
    pixels = numpy.random.default_rng(0).integers(
        0, 256, (size[0], size[0], 3), dtype=numpy.uint8)
    image = Image.fromarray(pixels)
    best = {name: [1e9, 1e9] for name in FILTERS}
    for _ in range(ROUNDS):
        mine = ours(build + "/bench/resize", size)
        for name, kind in FILTERS.items():
            theirs = pillow(image, (size[1], size[1]), kind)
            best[name] = [min(best[name][0], mine[name]),
                          min(best[name][1], theirs)]
    print(f"{size[0]} to {size[1]}, ms   ours  Pillow {PIL.__version__}  ratio")
    for name, (mine, theirs) in best.items():
        print(f"{name:10} {mine:10.2f} {theirs:10.2f} {mine / theirs:8.2f}")


main()
