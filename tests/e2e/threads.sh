#!/bin/bash
# SPDX-License-Identifier: MIT
#
# threads.sh - cedm-gen and cedm-train with any number of threads: the same
# bytes, and no data race where the build looks for them.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/patterns.bash"

for isa in portable auto; do
    choice=()
    [ $isa = portable ] && choice=(--isa portable)
    for threads in 1 2 3 8; do
        check "$isa, $threads threads" "$bin/cedm-gen" --cluster 0-3 --n 5 \
            --steps 2 --batch 2 --threads $threads "${choice[@]}" \
            --format raw --out $isa-$threads.raw
        check "$isa, the bytes of $threads threads" \
            cmp $isa-1.raw $isa-$threads.raw
    done
done

# Two updates, and the grid of samples of both.
patterns 24
for threads in 1 2 3; do
    check "training, $threads threads" "$bin/cedm-train" --data images.idx \
        --clusters ids.txt --cbase 8 --cres 1,2 --num-blocks 1 --attn 4 \
        --batch 12 --augment 0.3 --dropout 0.1 --p-uncond 0.2 --tick 0.012 \
        --snap 1 --duration 0.000024 --threads $threads --out run-$threads
    for file in snapshot-000000024.safetensors state-000000024.safetensors \
        grid-000000024.png; do
        check "$file of $threads threads" cmp run-1/$file run-$threads/$file
    done
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
