# SPDX-License-Identifier: MIT
#
# ncnn_peer.py - the network that pnnx converted, in ncnn on the CPU: float32
# in memory and in arithmetic, Winograd on.  ncnn has no batches: a batch is
# as many evaluations of one image.
"""Usage: ncnn_peer.py FOLDER THREADS"""

import sys

import ncnn
import numpy

from peer import serve

folder, threads = sys.argv[1], int(sys.argv[2])
net = ncnn.Net()
net.opt.num_threads = threads
net.opt.use_winograd_convolution = True
net.opt.use_sgemm_convolution = True
net.opt.use_packing_layout = True
net.opt.use_fp16_packed = False
net.opt.use_fp16_storage = False
net.opt.use_fp16_arithmetic = False
net.opt.use_bf16_storage = False


def prepare(batch, inputs):
    if not net.layers():
        net.load_param(folder + "/ncnn.param")
        net.load_model(folder + "/ncnn.bin")
    images = [[ncnn.Mat(value[i]).clone() for value in inputs]
              for i in range(batch)]

    def once():
        out = []
        for mats in images:
            extractor = net.create_extractor()
            for i, mat in enumerate(mats):
                extractor.input(f"in{i}", mat)
            out.append(numpy.array(extractor.extract("out0")[1]))
        return numpy.stack(out)
    return once


serve(folder, "ncnn " + ncnn.__version__, prepare)
