#!/bin/sh
# SPDX-License-Identifier: MIT
#
# encode.sh BIN PROGRAM WORK - freezes encoders of every kind into WORK and
# has PROGRAM, gpu_encode or what it is on the emulator, compare them.
set -u
bin=$1
program=$2
work=$3
vit=$(cd "$(dirname "$0")/.." && pwd)/golden/science/vit

freeze() { # NAME CHECKPOINT OPTIONS...
    name=$1
    checkpoint=$2
    shift 2
    "$bin/cedm-freeze" "$vit/$checkpoint" -o "$work" --name "$name" --build \
        "$@" >"$work/$name.log" 2>&1 || { cat "$work/$name.log"; exit 1; }
    models="$models $work/$name.so"
}

mkdir -p "$work"
models=
freeze dino dino-tiny.safetensors --heads 2
freeze resized dino-tiny.safetensors --heads 2 --input 37x29 --resize 32
freeze half dino-tiny.safetensors --heads 2 --weights f16 --input 28
freeze heads dino-hd64.full.pth
freeze registers dinov2-reg.safetensors
freeze gated dinov2-swiglu.safetensors
exec "$program" $models
