#!/bin/bash
# SPDX-License-Identifier: MIT
#
# fashion.sh - the study on Fashion-MNIST, in the order of importance; see
# README.md.  Called by run.sh, in the data set's folder.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=study/steps.bash
. "$here/steps.bash"
# shellcheck source=study/points.bash
. "$here/points.bash"
# shellcheck source=study/fashion.bash
. "$here/fashion.bash"

# ---- what all need ----------------------------------------------------------

bytes_of() { gzip -dc "$1" | tail -c "+$(($2 + 1))"; } # an idx file without its header

labels() { bytes_of "$from/train-labels-idx1-ubyte.gz" 8 | od -An -v -tu1 -w1 | tr -d ' ' >"$new"; }

pixels() { # of the training images, as features
    bytes_of "$data" 16 | features_of_bytes "$(wc -l <labels.txt)" 784 >"$new"
}

step labels.txt 'labels' labels
step pixels.npy 'pixels' pixels
networks
step held-out.npy "the judge's features of the test images" embed "$judge" \
    "$from/t10k-images-idx3-ubyte.gz"
step real-pixels.npz 'statistics of pixels' statistics pixels.npy

# ---- points -----------------------------------------------------------------

half=$((kimg / 2))
# The claim: C is chosen before anything is measured.
point none 0 0 $((kimg / 4)) $half
point kmeans 50 0 $((kimg / 4)) $half
for seed in 1 2; do
    point none 0 $seed
    point kmeans 50 $seed
done
point labels 10 0 $((kimg / 4)) $half
point kmeans 100 0 $half

# Every other C, by half of the budget.
step knn.npy 'neighbours' neighbours own.npy
for c in 20 200 10 400 5; do
    kimg=$half point kmeans $c 0
done
for c in 50 100 20 200 10 400 5; do
    kimg=$half point temi $c 0
done
for c in 50 10 100; do
    kimg=$half point pixels $c 0
done

point temi 50 0
for seed in 1 2; do
    point labels 10 $seed
    point temi 50 $seed
done
