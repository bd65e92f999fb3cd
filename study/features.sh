#!/bin/bash
# SPDX-License-Identifier: MIT
#
# features.sh - which module of a denoiser, at which noise level, gives the
# features that know most of labels they never saw: the table of
# docs/FEATURES.md.
#
#     study/features.sh MODEL.so IMAGES.gz LABELS.gz OUT
#
# Of the first 5,000 images of idx files: the share whose label is the most
# frequent one among their 20 nearest others by cosine, and NMI of k-means with
# 10 and with 100 clusters.  What is in OUT already is not computed again.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${BIN:-$here/../build/bin}" && pwd)
# shellcheck source=study/steps.bash
. "$here/steps.bash"
model=$1 images=$2 labels=$3 out=$4
count=5000
mkdir -p "$out"

big_endian() { # the four bytes of a number
    printf "\\x$(printf %02x $(($1 >> 24)))\\x$(printf %02x $(($1 >> 16 & 255)))"
    printf "\\x$(printf %02x $(($1 >> 8 & 255)))\\x$(printf %02x $(($1 & 255)))"
}

# first KIND FILE.gz HEADER ITEM: an idx file of the first items.
first() {
    local magic
    # gzip ends by a signal when nobody reads on
    { gzip -dc "$2" || true; } 2>/dev/null | head -c $(($3 + count * $4)) >"$out/$1.all"
    magic=$(head -c 4 "$out/$1.all" | od -An -tx1 | tr -d ' ')
    printf "\\x${magic:0:2}\\x${magic:2:2}\\x${magic:4:2}\\x${magic:6:2}"
    big_endian "$count"
    tail -c +9 "$out/$1.all"
    rm "$out/$1.all"
}
[ -e "$out/images.idx" ] || first images "$images" 16 784 >"$out/images.idx"
[ -e "$out/labels.txt" ] ||
    first labels "$labels" 8 1 | od -An -v -tu1 -w1 -j 8 | tr -d ' ' >"$out/labels.txt"

# The share of images that their neighbours' majority is right about.
vote() { # NEIGHBOURS.npy
    od -An -v -td4 -w80 -j 128 "$1" | awk -v labels="$out/labels.txt" '
        BEGIN { while ((getline label < labels) > 0) of[n++] = label }
        {
            split("", count)
            best = -1
            for (i = 1; i <= NF; i++) count[of[$i]]++
            for (label in count)
                if (best < 0 || count[label] > count[best] ||
                    (count[label] == count[best] && label < best)) best = label
            right += best == of[NR - 1]
        }
        END { printf "%.4f", right / NR }'
}

nmi() { # FEATURES.npy CLUSTERS
    "$bin/cedm-cluster" kmeans --features "$1" --clusters "$2" --n-init 3 \
        --out "$out/ids.npy" --progress none >/dev/null
    "$bin/cedm-cluster" score "$out/ids.npy" --labels "$out/labels.txt" |
        awk '$1 == "nmi" { printf "%.4f", $2 }'
}

# row NAME FEATURES.npy: measures, or repeats what was measured.
row() {
    local result=$out/$1.row near ten hundred
    if [ ! -e "$result" ]; then
        "$bin/cedm-cluster" knn --features "$2" --neighbours 20 --out "$out/near.npy" \
            --progress none >/dev/null
        near=$(vote "$out/near.npy")
        ten=$(nmi "$2" 10)
        hundred=$(nmi "$2" 100)
        printf '%-34s %s %s %s\n' "$1" "$near" "$ten" "$hundred" >"$result.new"
        mv "$result.new" "$result"
    fi
    cat "$result"
}

module() { # MODULE SIGMA POOL
    local name=$1-$2-$3
    [ -e "$out/$name.row" ] ||
        quiet "$bin/cedm-embed" --model "$model" --data "$out/images.idx" \
            --out "$out/now.npy" --module "$1" --sigma "$2" --pool "$3" --progress none
    row "$name" "$out/now.npy"
}

echo 'module-sigma-pool                  20-NN  NMI 10 NMI 100'
[ -e "$out/pixels.row" ] ||
    tail -c +17 "$out/images.idx" | features_of_bytes "$count" 784 >"$out/now.npy"
row pixels "$out/now.npy"
modules=$(awk '$1 ~ /^(enc|dec)[.][^.]*(_|[.])[^.]*[.]conv1$/ { sub(/[.]conv1$/, "", $1)
    print $1 }' "${model%.so}.map" | awk '!seen[$0]++')
for module in $modules; do
    module "$module" 0.2 2
done
for sigma in 0.02 0.05 0.1 0.5 1 2; do
    module dec.8x8_in1 "$sigma" 2
done
for pool in 1 4; do
    module dec.8x8_in1 0.2 "$pool"
done
