#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run_encoders.sh - as run.sh, for encoders: installs the peers, makes the
# networks, and compares: the one command behind `make bench-encoders`.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
peers=$build/peers
golden=tests/golden/science/inception/golden.safetensors
bench/peers/install.sh "$peers" torch onnxruntime openvino

encoder() { # NAME SIZE COMMAND...: COMMAND writes the file that it gets last
    name=$1
    size=$2
    shift 2
    net=$peers/net/$name
    model=$build/models/$name
    mkdir -p "$net"
    if [ ! -f "$net/checkpoint.safetensors" ]; then
        "$@" "$net/checkpoint.tmp"
        mv "$net/checkpoint.tmp" "$net/checkpoint.safetensors"
    fi
    if [ ! -f "$model/$name.so" ]; then
        "$build/bin/cedm-freeze" "$net/checkpoint.safetensors" -o "$model" \
            --name "$name" --input "${size}x$size" --build
    fi
    # A peer without its file says so.
    if [ -f "$peers/torch/ready" ] && [ ! -f "$net/batch8.onnx" ]; then
        "$peers/torch/bin/python" bench/peers/export_encoder.py "$net" "$size" 1 8 \
            >"$net/export.log" 2>&1 || echo "export failed, see $net/export.log"
    fi
}

for name in vits16 vitb16 dinov2_vitb14; do
    encoder $name 224 "$build/bin/synth" bench/peers/networks/$name.json
done
encoder inception 299 "$build/bin/inception-weights" torchvision $golden
exec /usr/bin/python3 bench/peers/compare_encoders.py "$build" \
    bench/results/peers-encoders.txt
