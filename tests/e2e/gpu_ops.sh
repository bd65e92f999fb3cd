#!/bin/sh
# SPDX-License-Identifier: MIT
#
# gpu_ops.sh - the program that tests kernels on a GPU, on the emulator: its
# own code, and the products that cuBLAS would make.
set -u
program=$BUILD/test/emulated_ops
if [ ! -x "$program" ]; then
    echo 'skipped: no nvcc'
    exit 77
fi
"$program" 'fp16 *' 60000 && "$program" '* conv, a product' 60000
