#!/bin/bash
# SPDX-License-Identifier: MIT
#
# clusters.sh - how well clusters of features agree with labels that they never
# saw: the tables of docs/CLUSTERING.md.
#
#     study/clusters.sh FOLDER OUT [PYTHON]
#
# FOLDER is what the study leaves of a data set: own.npy, pixels.npy and
# labels.txt.  Of k-means by us and by scikit-learn, if PYTHON has it, three
# seeds of one run each count: the mean, and half of the range.  TEMI is
# shortened: 2 heads and 6 epochs.  What is in OUT already is not computed
# again.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${BIN:-$here/../build/bin}" && pwd)
folder=$1 out=$2 python=${3:-}
declare -A grid=([own]='10 20 50 100 200' [pixels]='10 100')
mkdir -p "$out"

score() { # IDS.npy CLUSTERS: ACC, NMI and r_C on a line
    "$bin/cedm-cluster" score "$1" --labels "$folder/labels.txt" --clusters "$2" |
        awk '{ of[$1] = $2 } END { print of["acc"], of["nmi"], of["r_c"] }'
}

# made RESULT COMMAND...: RESULT.score, which the command makes ids for.
made() {
    local name=$1 clusters=$2
    shift 2
    [ -e "$out/$name.score" ] && return
    "$@" "$out/$name.npy" >"$out/messages" 2>&1 || { cat "$out/messages" >&2 && return 1; }
    score "$out/$name.npy" "$clusters" >"$out/new"
    mv "$out/new" "$out/$name.score"
}

# kmeans FEATURES CLUSTERS: three seeds of both programs.
kmeans() {
    local seed
    for seed in 0 1 2; do
        made "$1-kmeans-$2-s$seed" "$2" "$bin/cedm-cluster" kmeans --n-init 1 --seed $seed \
            --features "$folder/$1.npy" --clusters "$2" --out
        [ -z "$python" ] ||
            made "$1-sklearn-$2-s$seed" "$2" "$python" "$here/clusters_sklearn.py" \
                "$folder/$1.npy" "$2" $seed
    done
}

# The same neighbours for every number of clusters.
temi() { # FEATURES CLUSTERS
    [ -e "$out/$1.knn.npy" ] || "$bin/cedm-cluster" knn --features "$folder/$1.npy" \
        --out "$out/$1.knn.npy" --progress none >/dev/null
    made "$1-temi-$2-s0" "$2" "$bin/cedm-cluster" temi --features "$folder/$1.npy" \
        --clusters "$2" --knn "$out/$1.knn.npy" --standardize --heads 2 --epochs 6 \
        --warmup 1 --out
}

# row FEATURES METHOD: a line of the table; columns are ACC and NMI of every C.
row() {
    local clusters
    for clusters in ${grid[$1]}; do
        cat "$out/$1-$2-$clusters-s"*.score 2>/dev/null | awk '
            function middle(sum, low, high) {
                text = sprintf("%.3f", sum / NR)
                return NR > 1 ? text sprintf(" +-%.3f", (high - low) / 2) : text
            }
            NR == 1 { a0 = a1 = $1; n0 = n1 = $2 }
            {
                a += $1; n += $2
                if ($1 < a0) a0 = $1
                if ($1 > a1) a1 = $1
                if ($2 < n0) n0 = $2
                if ($2 > n1) n1 = $2
            }
            END { if (NR) printf " %s / %s |", middle(a, a0, a1), middle(n, n0, n1)
                  else printf " |" }'
    done | sed "s/^/| $1, $2 |/"
    echo
}

for features in own pixels; do
    for clusters in ${grid[$features]}; do
        kmeans $features "$clusters"
        temi $features "$clusters"
    done
done

for features in own pixels; do
    echo "ACC / NMI with C = ${grid[$features]// /, }"
    for method in kmeans ${python:+sklearn} temi; do
        row $features $method
    done
done
echo 'r_C of TEMI on own'
for clusters in ${grid[own]}; do
    read -r _ _ share <"$out/own-temi-$clusters-s0.score"
    echo "$clusters $share"
done
