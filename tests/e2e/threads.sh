#!/bin/bash
# SPDX-License-Identifier: MIT
#
# threads.sh - cedm-gen with any number of threads: the same bytes, and no
# data race where the build looks for them.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$(cd "${BIN:-$root/build/bin}" && pwd) || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed=0
failed=0
for isa in portable auto; do
    for threads in 1 2 3 8; do
        choice=
        [ $isa = portable ] && choice='--isa portable'
        if "$bin/cedm-gen" --cluster 0-3 --n 5 --steps 2 --batch 2 \
            --threads $threads $choice --format raw \
            --out "$work/$isa-$threads.raw" >/dev/null 2>"$work/err" &&
            cmp "$work/$isa-1.raw" "$work/$isa-$threads.raw"; then
            passed=$((passed + 1))
        else
            printf 'FAILED: %s, %d threads\n' $isa $threads
            head -n 20 "$work/err"
            failed=$((failed + 1))
        fi
    done
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
