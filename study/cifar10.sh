#!/bin/bash
# SPDX-License-Identifier: MIT
#
# cifar10.sh - the study on CIFAR-10 at 32x32, in the order of importance; see
# README.md.  Called by run.sh, in the data set's folder.
#
#     CIFAR10=FILE    an EDM data set, or the folder of the binary batches
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=study/steps.bash
. "$here/steps.bash"
# shellcheck source=study/points.bash
. "$here/points.bash"

data=${CIFAR10:-}
if [ -z "$data" ]; then
    echo 'cifar10: skipped; CIFAR10=FILE says where the images are'
    exit
fi
preset='--cbase 32 --cres 1,2,2 --num-blocks 1 --attn 8 --batch 64 --lr 2e-3
    --lr-rampup 0.02 --ema 0.05 --dropout 0 --augment 0 --tick 25 --snap 1'
kimg=${KIMG:-100}
samples=${SAMPLES:-10000}
evaluations=10
shape='32 3'
unconditional=none-s0-$kimg-0
judge=frozen/judge-s1000-$kimg

# The classes of an EDM data set, in the order of the names.
labels() {
    unzip -p "$data" dataset.json | grep -o '\["[^"]*", *[0-9]*\]' | LC_ALL=C sort |
        sed 's/.*, *\([0-9]*\)\]/\1/' >"$new"
}
if [ "${data%.zip}" != "$data" ] && command -v unzip >/dev/null; then
    step labels.txt 'labels' labels
fi

networks
point none 0 0 "$((kimg / 2))"
point kmeans 100 0 "$((kimg / 2))"
for c in 50 200; do
    point kmeans $c 0
done
[ ! -e labels.txt ] || point labels 10 0
