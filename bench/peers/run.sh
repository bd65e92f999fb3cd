#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh - installs the peers, makes the networks, and compares: the one
# command behind `make bench-peers`.  ROUNDS (5) and THREADS (all processors)
# may be set; what is made stays in $BUILD/peers.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
net=$build/peers/net
mkdir -p "$net/cifar10-c100" "$net/fashion"
if [ ! -f "$net/cifar10-c100/checkpoint.safetensors" ]; then
    "$build/bin/synth" tests/synth/cifar10-c100.json "$net/synth.tmp"
    mv "$net/synth.tmp" "$net/cifar10-c100/checkpoint.safetensors"
fi
cp tests/golden/fashion.safetensors "$net/fashion/checkpoint.safetensors"
bench/peers/setup.sh "$build/peers"
exec /usr/bin/python3 bench/peers/compare.py "$build" \
    bench/results/peers-cpu.txt
