#!/bin/bash
# SPDX-License-Identifier: MIT
#
# label_free.sh - from raw images to a cluster-conditioned diffusion model
# [CEDM], without labels and without another network.
#
#     examples/label_free.sh DATA OUT
#
# DATA is a folder or zip file of images of any size and kind, CIFAR's binary
# batches or idx images.  OUT/report.html shows clusters beside samples of each,
# and how far samples are from the images; OUT/conditional/model.so draws more.
# A stage whose file is in OUT is skipped, so that the same command goes on
# after an interruption, wherever it was.  From the environment, with defaults:
#
#     BIN=build/bin       the programs, as beside this script's folder
#     RESOLUTION=32       pixels a side, of photographs
#     KIMG=200            thousand images that each of two networks learns from
#     NETWORK='--cbase 32 --cres 1,2,2 --num-blocks 1 --attn 8 --batch 64 ...'
#     GRID, CLUSTERS      numbers of clusters to try; how many to take
#     HEADS=4 EPOCHS=40   of each of TEMI's trainings [TEMI]
#     SAMPLES=2000        that are drawn of either network to compare them
set -euo pipefail

if [ $# -ne 2 ]; then
    echo 'label_free.sh: wanted DATA OUT; see its first lines' >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${BIN:-$here/../build/bin}" && pwd)
data=$(realpath "$1")
mkdir -p "$2"
cd "$2"
resolution=${RESOLUTION:-32}
kimg=${KIMG:-200}
network=${NETWORK:---cbase 32 --cres 1,2,2 --num-blocks 1 --attn 8 --batch 64 --lr 2e-3
    --lr-rampup 0.02 --ema 0.05 --dropout 0 --augment 0}
heads=${HEADS:-4}
epochs=${EPOCHS:-40}
samples=${SAMPLES:-2000}
evaluations=10
shown=8 # images of a cluster

# ---- stages -----------------------------------------------------------------

# minutes TFLOP: what they take at 0.1 TFLOP/s a core, as these programs do on
# cores with AVX-512; half as fast with AVX2.
minutes() {
    awk -v tflop="$1" -v cores="$(nproc)" 'BEGIN {
        m = tflop / 0.1 / cores / 60
        print m < 1 ? "less than a minute" : sprintf("about %d minutes", m + 0.5) }'
}

# stage FILE NAME COST COMMAND...: unless FILE is there; commands that do not
# write it in one piece write $new.
number=0
stage() {
    local file=$1 name=$2 cost=$3 new
    new=$(dirname "$1")/.new-$(basename "$1")
    shift 3
    number=$((number + 1))
    if [ -e "$file" ]; then
        printf '%d. %s: done\n' "$number" "$name"
        return
    fi
    printf '%d. %s: %s\n' "$number" "$name" "$cost"
    mkdir -p "$(dirname "$file")"
    rm -rf "$new"
    "$@"
    [ ! -e "$new" ] || mv "$new" "$file"
    [ -e "$file" ]
}

# quiet COMMAND...: its messages are shown if it fails.
quiet() {
    "$@" >.messages 2>&1 || { cat .messages >&2 && return 1; }
    rm .messages
}

# ---- networks ---------------------------------------------------------------

# trainer RUN IDS OPTION...
trainer() {
    # shellcheck disable=SC2086
    "$bin/cedm-train" $network --data "$data" --clusters "$2" --out "$1" \
        --duration "$(awk "BEGIN { print $kimg / 1000 }")" --tick "$tick" --snap 1 --keep 1 "${@:3}"
}

train_cost() { # RUN IDS
    minutes "$(trainer "$1" "$2" --dry-run 2>/dev/null | sed -n 's/.* \([0-9.]*\) TFLOP.*/\1/p')"
}

train() { # RUN IDS
    local resume=
    [ -z "$(find "$1" -name 'state-*' -print -quit)" ] || resume=--resume
    # shellcheck disable=SC2086
    trainer "$1" "$2" $resume
    touch "$new"
}

freeze() { # RUN
    "$bin/cedm-freeze" "$(find "$1" -name 'snapshot-*.safetensors' | sort | tail -n 1)" \
        -o "$1" --name model --build >/dev/null
}

# TFLOP of so many evaluations.
evaluation_cost() { # MODEL COUNT
    "$bin/cedm-info" "$1" --json | awk -v count="$2" '
        /"macs"/ { gsub(/[^0-9]/, ""); print 2 * $0 * count / 1e12 }'
}

# network RUN IDS NAME: trained and frozen.
network() {
    mkdir -p "$1"
    stage "$1/done" "$3, trained with $kimg thousand images" "$(train_cost "$1" "$2")" \
        train "$1" "$2"
    stage "$1/model.so" "$3, frozen" 'seconds' freeze "$1"
}

# ---- the other stages -------------------------------------------------------

embed() { # DATA
    "$bin/cedm-embed" --model unconditional/model.so --data "$1" --out "$file"
}

# again COMMAND ARGUMENTS...: with --resume where something of $file is there.
again() {
    local left
    left=$(find . -maxdepth 1 -name "$file.*" -o -maxdepth 1 -name "${file%.npy}.state")
    "$bin/cedm-cluster" "$@" --features features.npy --standardize --heads "$heads" \
        --epochs "$epochs" --warmup $((epochs / 5)) --neighbours "$neighbours" \
        --batch "$pairs" --out "$file" ${left:+--resume} >/dev/null
}

# TFLOP of training TEMI's heads, of 512 and 256 units: forward and both ways
# backward of two views.
temi_cost() { # CLUSTERS...
    awk -v rows="$images" -v width="$width" -v heads="$heads" -v epochs="$epochs" 'BEGIN {
        for (i = 1; i < ARGC; i++)
            sum += 12 * rows * heads * epochs * (512 * width + 512 * 256 + 256 * ARGV[i])
        print sum / 1e12 }' "$@"
}

# The largest number below the bound that leaves a cluster 100 images.
choose_clusters() {
    awk -v images="$images" '
        { gsub(/[][,:"]/, " ") }
        $1 == "c_max" { bound = $2 }
        $1 == "grid" { for (i = 2; i <= NF; i++) grid[i] = $i; n = NF }
        END {
            best = grid[2]
            for (i = 2; i <= n; i++)
                if (grid[i] <= bound && images / grid[i] >= 100) best = grid[i]
            print best
        }' bound.json >"$new"
}

draw() { # RUN: samples, which are looked at once and taken away
    quiet "$bin/cedm-gen" --model "$1/model.so" --n "$samples" --nfe "$evaluations" \
        --grid none --out "$1/samples"
    embed "$1/samples"
    rm -r "$1/samples"
}

sheet() {
    "$bin/cedm-cluster" show ids.npy --features features.npy --data "$data" \
        --columns "$shown" --out "$file" >/dev/null
}

of_each_cluster() {
    quiet "$bin/cedm-gen" --model conditional/model.so --cluster all --n "$shown" \
        --nfe "$evaluations" --out "$file"
}

distances() {
    local run
    for run in unconditional conditional; do
        printf '%s %s\n' "$run" \
            "$("$bin/cedm-eval" fd features.npy "$run/samples.npy" | awk '{ print $2 }')"
    done >"$new"
}

# ---- the recipe -------------------------------------------------------------

if [ -d "$data" ] || [ "$(head -c 2 "$data")" = PK ]; then
    stage images.zip "images of ${resolution}x$resolution pixels" 'seconds a thousand' \
        "$bin/cedm-data" "$data" -o images.zip --resolution "$resolution"
    data=images.zip
fi
tick=$(awk "BEGIN { print $kimg / 8 }")

network unconditional none 'a network without a condition'
stage features.npy 'features of every image' 'a tenth of the time that drawing takes' embed "$data"
shape=$(sed -n 's/.*"shape":.*\[\([0-9]*\), *\([0-9]*\)\].*/\1 \2/p' features.json)
images=${shape% *}
width=${shape#* }
neighbours=$((images / 10 < 50 ? images / 10 : 50))
pairs=$((images / 4 < 1024 ? images / 4 : 1024))
grid=${GRID:-5,10,20,50,100,200,400}
# shellcheck disable=SC2086
stage bound.json 'the bound on the number of clusters' "$(minutes "$(temi_cost ${grid//,/ })")" \
    again bound --grid "$grid"
stage clusters.txt 'the number of clusters' 'at once' choose_clusters
clusters=${CLUSTERS:-$(cat clusters.txt)}
stage ids.npy "$clusters clusters" "$(minutes "$(temi_cost "$clusters")")" \
    again temi --clusters "$clusters"
network conditional ids.npy "a network that knows $clusters clusters"
for run in unconditional conditional; do
    cost=$(evaluation_cost "$run/model.so" $((samples * evaluations)))
    stage "$run/samples.npy" "features of $samples $run samples" "$(minutes "$cost")" draw "$run"
done
stage fd.txt 'distances from the images' 'seconds' distances
stage sheet.png 'a sheet of the clusters' 'seconds' sheet
stage drawn.png 'samples of every cluster' \
    "$(minutes "$(evaluation_cost conditional/model.so $((clusters * shown * evaluations)))")" \
    of_each_cluster
stage report.html 'the report' 'at once' "$here/label_free_report.sh"
printf '%s\n' "$PWD/report.html"
