# SPDX-License-Identifier: MIT
#
# train.bash - eight images with ids, and a network that is trained in no time.
. "$root/tests/e2e/patterns.bash"
patterns 8
ids=$cases/ids
small=(--cbase 4 --cres 1 --num-blocks 1 --attn 64 --batch 4 --augment 0 --dropout 0
    --tick 0.004 --snap 1 --threads 1)
# train ARGUMENTS...: eight images
train() {
    "$bin/cedm-train" --data images.idx "${small[@]}" --duration 0.000008 "$@"
}
# last COMMAND...: its exit code and the last line it wrote to stderr
last() {
    local code
    "$@" >last.out 2>last.err
    code=$?
    echo "$code $(tail -n 1 last.err)"
}
# clusters IDS: how many a run would have, or what is wrong
clusters() {
    train --clusters "$1" --dry-run 2>&1 | sed -n 's/^clusters: //p; s/^cedm-train: [^ ]*: //p'
}
