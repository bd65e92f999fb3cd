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

from=${FASHION:-/usr/share/datasets/fashion-mnist}
data=$from/train-images-idx3-ubyte.gz
preset='--preset fashion --tick 25 --snap 2'
kimg=${KIMG:-200}
samples=${SAMPLES:-10000}
evaluations=10
shape='32 1'
unconditional=none-s0-$kimg-0
judge=frozen/judge-s1000-$kimg

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

early="$((kimg / 4)) $((kimg / 2)) $((3 * kimg / 4))"
# shellcheck disable=SC2086
{
    point none 0 0 $early
    point labels 10 0 $early
    point kmeans 100 0 $early
    point kmeans 10 0
    point kmeans 50 0
    step knn.npy 'neighbours' neighbours own.npy
    point temi 50 0 $early
    for c in 20 100 10 200 5 400; do
        point temi $c 0
    done
    for c in 200 20 400 5; do
        point kmeans $c 0
    done
    for seed in 1 2; do
        point none 0 $seed
        point kmeans "$(best kmeans)" $seed
        point temi "$(best temi)" $seed
        point labels 10 $seed
    done
    for c in 10 50 100; do
        point pixels $c 0
    done
}
