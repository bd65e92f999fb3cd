# SPDX-License-Identifier: MIT
#
# points.bash - a point of a figure: a run under one condition, measured; and
# what all points of a data set need before.
#
# Besides what steps.bash wants, a data set's script sets $kimg, $unconditional
# and $judge, and in labels.txt the classes, where there are any.

statistics() { "$bin/cedm-eval" ref "$1" -o "$file" >/dev/null; } # FEATURES

# The unconditional network, whose features are clustered, and the judge: a
# network of another seed, which nothing else is made of.
networks() {
    train none-s0 none 0
    model_of none-s0 "$kimg"
    step own.npy 'features of the unconditional network' embed "frozen/none-s0-$kimg" "$data"
    train judge-s1000 none 1000
    model_of judge-s1000 "$kimg"
    step real.npy "the judge's features" embed "$judge" "$data"
    step real.npz "the judge's statistics" statistics real.npy
}

clusters_of() { # METHOD C
    case $1 in
    kmeans | temi) step "ids/$1-$2.npy" "$1, $2 clusters" "$1" own.npy "$2" ;;
    pixels) step "ids/$1-$2.npy" "k-means of pixels, $2 clusters" kmeans pixels.npy "$2" ;;
    esac
}

# ids_of METHOD C: what cedm-train calls it.
ids_of() {
    case $1 in
    none) echo none ;;
    labels) echo labels.txt ;;
    *) echo "ids/$1-$2.npy" ;;
    esac
}

# point METHOD C SEED [KIMG...]: a run, measured at its end and at others.
point() {
    local method=$1 clusters=$2 seed=$3 run=$1-$2-s$3 ids
    [ "$method" != none ] || run=none-s$seed
    clusters_of "$method" "$clusters"
    ids=$(ids_of "$method" "$clusters")
    train "$run" "$ids" "$seed"
    case $ids in none | labels.txt) ids= ;; esac
    shift 3
    for at in "$kimg" "$@"; do
        features_of "$run" "$at" 0
        step "rows/$run-$at.json" "$run, $at kimg: measured" \
            measure "$run" "$at" 0 "$method" "$clusters" "$ids"
    done
    "$here/report.sh"
}
