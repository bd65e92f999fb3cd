#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run_clusters.sh - as run.sh, for clustering: installs the peers and compares:
# the one command behind `make bench-clusters`.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
bench/peers/install.sh "$build/peers" sklearn faiss torch
exec /usr/bin/python3 bench/peers/compare_clusters.py "$build" \
    bench/results/peers-clusters.txt
