#!/bin/bash
# SPDX-License-Identifier: MIT
#
# label_free.sh - the recipe of examples/label_free.sh with a small budget: it
# ends with a report, says what a stage costs, skips what is done, and killed
# again and again, at random moments, it ends with the same bytes.
#
#   PHOTOS=N KILLS=N label_free.sh    of N photographs [60], with N kills [3]
set -u

. "$(dirname "$0")/checks.bash"
photos=${PHOTOS:-60}
kills=${KILLS:-3}
RANDOM=7

"$bin/cedm-gen" --n "$photos" --grid none --steps 2 --out photos --progress none \
    >/dev/null || exit 1
export BIN=$bin RESOLUTION=8 KIMG=0.32 GRID=2,3 HEADS=2 EPOCHS=4 SAMPLES=24
export NETWORK='--cbase 4 --cres 1 --num-blocks 1 --attn 8 --batch 8 --lr 1e-2
    --lr-rampup 0.0001 --ema 0.0002 --dropout 0 --augment 0'
recipe() { "$root/examples/label_free.sh" photos "$1" >"$1.txt" 2>&1 || ! tail -n 3 "$1.txt" >&2; }

start=$(date +%s%N)
check 'the recipe' recipe whole
took=$((($(date +%s%N) - start) / 1000000)) # milliseconds
check 'costs are said' grep -q '^2[.] a network without a condition.*: less than a minute' whole.txt
check 'the report has its pictures' test "$(grep -o '<img ' whole/report.html | wc -l)" -eq 6
check 'and needs no other file' eval '! grep -Eq "(src|href)=\"[^d]" whole/report.html'
check 'a model that draws' "$bin/cedm-gen" --model whole/conditional/model.so --n 1 --steps 2 \
    --out one.png
check 'again' recipe whole
check 'everything is done' test "$(grep -c ': done$' whole.txt)" -eq 15
if command -v chromium >/dev/null; then
    check 'a browser shows it' eval 'chromium --headless --no-sandbox --disable-gpu \
        --user-data-dir=browser --dump-dom "file://$PWD/whole/report.html" 2>/dev/null |
        grep -q "The clusters taken: [23]"'
fi

for ((i = 0; i < kills; i++)); do
    # the group's number is the script's
    setsid "$root/examples/label_free.sh" photos killed >killed.txt 2>&1 &
    pid=$!
    sleep "$(awk -v r=$RANDOM -v t=$took -v n="$kills" \
        'BEGIN { print 0.05 + r / 32768 * 1.6 * t / n / 1000 }')"
    kill -9 -- -$pid
    wait $pid
    # a program that dies slowly holds its lock until it is gone
    while kill -0 -- -$pid; do
        sleep 0.02
    done
done 2>/dev/null
check "killed $kills times, it goes on" recipe killed
for file in report.html ids.npy features.npy fd.txt conditional/model.cedm; do
    check "the same $file" cmp whole/$file killed/$file
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
