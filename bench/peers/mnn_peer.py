# SPDX-License-Identifier: MIT
#
# mnn_peer.py - the exported network in MNN on the CPU: float32 ("high"),
# Winograd where MNN's cost model wants it.
"""Usage: mnn_peer.py FOLDER THREADS"""

import sys

import MNN
import numpy

from peer import serve

folder, threads = sys.argv[1], int(sys.argv[2])


def prepare(batch, inputs):
    runtime = MNN.nn.create_runtime_manager(({
        "backend": "CPU", "precision": "high", "power": "high",
        "numThread": threads},))
    net = MNN.nn.load_module_from_file(
        f"{folder}/batch{batch}.mnn", ["x", "sigma", "labels"], ["denoised"],
        runtime_manager=runtime)
    feed = [MNN.expr.const(value, list(value.shape), MNN.expr.NCHW)
            for value in inputs]

    def once():
        return numpy.array(net.forward(feed)[0].read())
    return once


serve(folder, "MNN " + MNN.version(), prepare)
