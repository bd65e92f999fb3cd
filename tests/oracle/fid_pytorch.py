# SPDX-License-Identifier: MIT
#
# fid_pytorch.py - FID by pytorch-fid, its network with other weights.
"""Usage: fid_pytorch.py WEIGHTS.safetensors IMAGES IMAGES STATISTICS.npz

Prints the distance of two folders; the statistics are those of the first."""

import os
import sys

from pytorch_fid import fid_score, inception

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "..", "bench", "peers"))
from songunet import read_safetensors  # noqa: E402


def main():
    weights, first, second, statistics = sys.argv[1:]
    state, _ = read_safetensors(weights)
    inception.load_state_dict_from_url = lambda url, progress: state
    settings = dict(batch_size=16, device="cpu", dims=2048, num_workers=0)
    fid_score.save_fid_stats([first, statistics], **settings)
    print(fid_score.calculate_fid_given_paths([statistics, second], **settings))


main()
