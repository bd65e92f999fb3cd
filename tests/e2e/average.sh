#!/bin/bash
# SPDX-License-Identifier: MIT
#
# average.sh - averages of the weights that are chosen when training is over:
# kept by a run, bit for bit also if it was killed, and combined to any width.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/patterns.bash"

patterns 48

# Without levels below the first there is no buffer among the tensors.
snap=1 # ticks
train() { # OPTIONS...
    "$bin/cedm-train" --data images.idx --clusters ids.txt --cbase 8 --cres 1 \
        --num-blocks 1 --attn 8 --batch 16 --lr 1e-2 --lr-rampup 0.0001 \
        --ema 0.0002 --tick 0.16 --snap $snap --seed 3 "$@"
}
average() { "$bin/cedm-train" --out "$1" --sigma-rel "$2"; } # RUN S
says() { # CODE TEXT COMMAND...: fails with that code and text
    "${@:3}" >/dev/null 2>said
    [ $? -eq "$1" ] && grep -q -e "$2" said || { cat said >&2; return 1; }
}
tensors() { # FILE: its bytes after the header
    tail -c +$((9 + $(od -An -tu8 -N8 "$1"))) "$1"
}
last_of() { # FILE SHARE: as many bytes at its end as file SHARE's tensors have
    tail -c "$(tensors "$2" | wc -c)" "$1"
}
points() { (cd "$1" && ls averages-*); }

check "a run" train --out whole --duration 0.0008 --posthoc-ema --threads 2 \
    --keep 1
check "keeps averages of all points" test "$(points whole | wc -l)" -eq 5
check "their memory is said" grep -q '^  averages, post-hoc  *0\.' \
    <(train --dry-run --out none --duration 0.0008 --posthoc-ema)
snap=5 check "a run without" train --out plain --duration 0.0008 --threads 1
check "trains the same network" cmp whole/snapshot-000000800.safetensors \
    plain/snapshot-000000800.safetensors

# A run in two parts, the first of which had gone further than its state.
check "the first half" train --out parts --duration 0.00032 --posthoc-ema \
    --threads 1
cp parts/averages-000000320.safetensors parts/averages-000000999.safetensors
check "goes on" train --out parts --duration 0.0008 --posthoc-ema --resume \
    --threads 1
check "with the points of the whole" test "$(points parts)" = "$(points whole)"
for point in $(points whole); do
    check "$point" cmp "whole/$point" "parts/$point"
done
check "the state" cmp whole/state-000000800.safetensors \
    parts/state-000000800.safetensors
check "a state without averages" says 1 'another recipe; wanted posthoc_ema none' \
    train --out plain --resume --posthoc-ema
check "nor on a GPU" says 2 'posthoc-ema: wanted --device cpu' \
    train --out gpu --device cuda --posthoc-ema --dry-run

check "a width that was kept" average whole 0.1
kept=whole/average-0.1-000000800.safetensors
check "is what was kept" cmp <(tensors $kept) \
    <(last_of whole/averages-000000800.safetensors $kept)
check "another width" average whole 0.07
check "is another" test "$(cmp <(tensors $kept) \
    <(tensors whole/average-0.07-000000800.safetensors) | wc -l)" -eq 1
check "freezes" "$bin/cedm-freeze" whole/average-0.07-000000800.safetensors \
    -o frozen --name tiny
check "with the clusters of the run" grep -q '"ids":\[0,5,10\]' \
    frozen/tiny.cedm
check "too wide" says 2 'sigma-rel' average whole 0.3
check "nothing to combine" says 1 'train with --posthoc-ema' average plain 0.1
head -c 3000 whole/averages-000000160.safetensors >cut
mv cut whole/averages-000000160.safetensors
check "a damaged one" says 1 'averages-000000160' average whole 0.06
check "leaves nothing" test ! -e whole/average-0.06-000000800.safetensors

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
