#!/bin/bash
# SPDX-License-Identifier: MIT
#
# killed.sh - a run that is killed again and again, at random moments and at the
# calls of a save, ends with the bits of one that is not.
#
#   KILLS=N killed.sh    N random kills [6]; 100 and more also kill at every call
#                        of a save instead of at some
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/patterns.bash"

kills=${KILLS:-6}
stride=$((kills < 100 ? 9 : 1))
RANDOM=1

patterns 24
arguments=(--data images.idx --clusters ids.txt --cbase 4 --cres 1 --num-blocks 1 --attn 64
    --batch 8 --lr 1e-2 --lr-rampup 0.0001 --ema 0.0002 --augment 0.1 --dropout 0.05
    --tick 0.16 --snap 1 --keep 2 --seed 3 --threads 2)
first=0.00016 second=0.00032 last=0.0016 # where runs end, in millions of images
end=000001600

same() { # RUN: the end of the whole one
    local file
    for file in snapshot-$end.safetensors state-$end.safetensors grid-$end.png; do
        cmp "whole/$file" "$1/$file" || return 1
    done
    [ "$(sed 's/,"images_per_second.*//' whole/stats.jsonl)" = \
        "$(sed 's/,"images_per_second.*//' "$1/stats.jsonl")" ]
}
train() { # RUN DURATION ARGUMENTS...
    "$bin/cedm-train" "${arguments[@]}" --out "$1" --duration "$2" "${@:3}"
}
states() { find "$1" -name 'state-*.safetensors' | wc -l; }

start=$(date +%s%N)
check "a run" train whole $last
took=$((($(date +%s%N) - start) / 1000000)) # milliseconds

# States between ticks, too: the kills find them in every stage.
check "its beginning" train killed $first
for ((i = 0; i < kills; i++)); do
    (exec "$bin/cedm-train" --resume --out killed --duration $last --save 0.0005) \
        >/dev/null 2>&1 &
    pid=$!
    sleep "$(awk -v r=$RANDOM -v t=$took 'BEGIN { print 0.02 + r / 32768 * t / 2000 }')"
    kill -9 $pid
    wait $pid
done 2>/dev/null
check "killed $kills times, it goes on" "$bin/cedm-train" --resume --out killed \
    --duration $last --save 0.0005
check "to the same end" same killed
check "of states between ticks none is left" test "$(states killed)" -eq 2

# At a call of a save: from one point to the next.  A tracer counts the calls of
# each name by themselves.
if strace -o /dev/null true 2>/dev/null; then
    export ASAN_OPTIONS=detect_leaks=0 # who is traced cannot trace itself
    names=openat,write,fsync,close,rename,unlink
    check "one point" train first $first
    cp -r first second
    strace -f -qq -e trace=$names -o calls "$bin/cedm-train" --resume --out second \
        --duration $second >/dev/null 2>&1
    while read -r name n; do
        rm -rf hit
        cp -r first hit
        (exec strace -f -qq -e trace=$names -e inject="$name:signal=KILL:when=$n" \
            -o /dev/null "$bin/cedm-train" --resume --out hit --duration $second) \
            >/dev/null 2>&1
        check "killed at $name $n" "$bin/cedm-train" --resume --out hit --duration $second
        check "it has the same point" cmp {second,hit}/state-000000320.safetensors
        check "and the one before it, no other" test "$(states hit)" -eq 2
    done < <(awk -v every=$stride '{
            sub(/^[0-9]+ +/, ""); sub(/\(.*/, "", $1); n[$1]++
        }
        /second\/options/ { on = 1 }
        on && ++at % every == 0 { print $1, n[$1] }' calls) 2>/dev/null
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
