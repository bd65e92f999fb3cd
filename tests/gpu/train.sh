#!/bin/bash
# SPDX-License-Identifier: MIT
#
# train.sh - cedm-train on a GPU: it learns, and twice the same.  That the
# numbers are right is tests/trainer/learner_cuda_test.c's.
set -u

. "$(dirname "$0")/../e2e/checks.bash"
. "$root/tests/e2e/patterns.bash"
. "$root/tests/e2e/losses.bash"

patterns 96
train() { # PRECISION OUT
    "$bin/cedm-train" --device cuda --precision "$1" --out "$2" \
        --data images.idx --clusters ids.txt --resolution 16 --cbase 32 \
        --cres 1,2 --num-blocks 1 --attn 8 --batch 32 --lr 1e-3 \
        --lr-rampup 0 --ema 0.001 --augment 0.1 --dropout 0.1 \
        --p-uncond 0.1 --tick 0.32 --snap 10 --duration 0.0032 --seed 5
}
halved() { # RUN: the loss, from the first tick to the last
    awk -v a="$(value loss "$1" 1)" -v b="$(value loss "$1" 10)" \
        'BEGIN { exit !(b > 0 && b < a / 2) }' ||
        { cat "$1/stats.jsonl" >&2; return 1; }
}
same() { # RUN RUN: parameters, moments, average
    cmp "$1"/state-*.safetensors "$2"/state-*.safetensors
}

for precision in fp16 bf16 fp32; do
    check "$precision: a run" train "$precision" "$precision"
    check "$precision: it learns" halved "$precision"
    check "$precision: another run" train "$precision" "$precision-again"
    check "$precision: the same bits" same "$precision" "$precision-again"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
