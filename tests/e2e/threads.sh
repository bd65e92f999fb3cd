#!/bin/bash
# SPDX-License-Identifier: MIT
#
# threads.sh - cedm-gen and cedm-train with any number of threads: the same
# bytes, and no data race where the build looks for them.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/patterns.bash"

# drawn ISA THREADS OPTION...: as by one thread
drawn() {
    check "$1, $2 threads" "$bin/cedm-gen" --batch 2 --threads "$2" "${@:3}" \
        --format raw --out "$1-$2.raw"
    check "$1, the bytes of $2 threads" cmp "$1-1.raw" "$1-$2.raw"
}
for threads in 1 2 3 8; do
    drawn auto $threads --cluster 0-3 --n 5 --steps 2
done
# Plain C takes the thread sanitizer minutes: one evaluation of a batch.
for threads in 1 3; do
    drawn portable $threads --cluster 4 --n 2 --steps 1 --isa portable
done

# Two updates, and a grid of samples.
patterns 24
for threads in 1 2 3; do
    check "training, $threads threads" "$bin/cedm-train" --data images.idx \
        --clusters ids.txt --cbase 8 --cres 1,2 --num-blocks 1 --attn 4 \
        --batch 12 --augment 0.3 --dropout 0.1 --p-uncond 0.2 --tick 0.012 \
        --snap 2 --duration 0.000024 --threads $threads --out run-$threads
    for file in snapshot-000000024.safetensors state-000000024.safetensors \
        grid-000000024.png; do
        check "$file of $threads threads" cmp run-1/$file run-$threads/$file
    done
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
