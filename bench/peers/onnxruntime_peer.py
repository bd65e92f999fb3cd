# SPDX-License-Identifier: MIT
#
# onnxruntime_peer.py - the exported network in ONNX Runtime on the CPU, with
# all its graph optimisations (among them its blocked layout).
"""Usage: onnxruntime_peer.py FOLDER THREADS"""

import sys

import onnxruntime

from peer import serve

folder, threads = sys.argv[1], int(sys.argv[2])


def prepare(batch, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = \
        onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        f"{folder}/batch{batch}.onnx", options,
        providers=["CPUExecutionProvider"])
    feed = dict(zip((value.name for value in session.get_inputs()), inputs))
    return lambda: session.run(None, feed)[0]


serve(folder, "ONNX Runtime " + onnxruntime.__version__, prepare)
