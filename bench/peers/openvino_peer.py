# SPDX-License-Identifier: MIT
#
# openvino_peer.py - the exported network in OpenVINO on the CPU, held to
# float32: where the processor has bfloat16 it would take that.
"""Usage: openvino_peer.py FOLDER THREADS"""

import sys

import openvino

from peer import serve

folder, threads = sys.argv[1], int(sys.argv[2])


def prepare(batch, inputs):
    core = openvino.Core()
    compiled = core.compile_model(f"{folder}/batch{batch}.onnx", "CPU", {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "EXECUTION_MODE_HINT": "ACCURACY",
        "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    return lambda: request.infer(list(inputs))[0]


serve(folder, "OpenVINO " + openvino.__version__.split("-")[0], prepare)
