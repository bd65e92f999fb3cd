#!/bin/bash
# SPDX-License-Identifier: MIT
#
# twin.sh - runs of the study once more, trained in PyTorch: an oracle for the
# trainer, on Fashion-MNIST and after run.sh.
#
#     STUDY=DIR BIN=build/bin PYTHON=python3 study/twin.sh METHOD C [METHOD C]...
#
# "none 0" is the unconditional one.  Each becomes a row and a point of the
# tables as "twin-METHOD"; DIR/fashion/twin-METHOD-C-s0/loss.tsv has the loss of
# each tick beside the run's.  PYTHON has PyTorch and NumPy.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${BIN:-$here/../build/bin}" && pwd)
# shellcheck source=study/steps.bash
. "$here/steps.bash"
# shellcheck source=study/points.bash
. "$here/points.bash"
# shellcheck source=study/fashion.bash
. "$here/fashion.bash"
cd "${STUDY:-$here/../build/study}/fashion"

# Weights after the first update, whose rate is 0: those that a run begins with.
first_weights() { # IDS
    # shellcheck disable=SC2086
    quiet "$bin/cedm-train" $preset --data "$data" --clusters "$1" --seed 0 \
        --duration 0.000001 --out "$run/first"
    cp "$run"/first/snapshot-*.safetensors "$new" && rm -r "$run/first"
}

pytorch() { # IDS
    "${PYTHON:-python3}" "$here/twin.py" "$run/first.safetensors" "$data" "$kimg" 0 "$new" \
        ${1:+"$1"} | tee "$run/stats.jsonl"
}

losses() { # RUN: "thousand images, twin, run"
    paste <(fields_of "$run/stats.jsonl") <(fields_of "$1/stats.jsonl") |
        awk -v OFS='\t' '$3 != "" && $1 != "" { print $1 / 1000, $2, $4 }' >"$new"
}
fields_of() { sed 's/.*"seen": *\([0-9]*\).*"loss": *\([^,]*\),.*/\1\t\2/' "$1"; }

twin() { # METHOD C
    local run=twin-$1-$2-s0 ids other=$1-$2-s0
    [ "$1" != none ] || other=none-s0
    ids=$(ids_of "$1" "$2")
    mkdir -p "$run"
    step "$run/first.safetensors" "$run: first weights" first_weights "$ids"
    [ "$1" != none ] || ids=
    step "$run/snapshot-$(printf %09d "${kimg}000").safetensors" "$run: PyTorch" pytorch "$ids"
    step "$run/loss.tsv" "$run: losses" losses "$other"
    cat "$run/loss.tsv"
    features_of "$run" "$kimg" 0
    step "rows/$run-$kimg.json" "$run: measured" measure "$run" "$kimg" 0 "twin-$1" "$2"
}

while [ $# -gt 1 ]; do
    twin "$1" "$2"
    shift 2
done
"$here/report.sh"
