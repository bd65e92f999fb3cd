#!/bin/sh
# SPDX-License-Identifier: MIT
#
# gpu_encode.sh - encoders by the whole CUDA library on the emulator.
set -u
program=$BUILD/test/emulated_encode
if [ ! -x "$program" ]; then
    echo 'skipped: no nvcc'
    exit 77
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
EMULATED_ARCH=80 tests/gpu/encode.sh "$BIN" "$program" "$work" || exit 1
EMULATED_ARCH=90 "$program" "$work/dino.so" "$work/gated.so"
