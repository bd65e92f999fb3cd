#!/bin/bash
# SPDX-License-Identifier: MIT
#
# watch.sh - snapshots are judged while a network trains: the distance is about
# what cedm-eval says of other images of the network, a run that goes on
# remembers it, and training ends when it no longer becomes less.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/patterns.bash"

patterns 48
vit=$root/tests/golden/science/vit/dino-tiny.safetensors
"$bin/cedm-freeze" "$vit" -o . --name encoder --heads 2 --input 8x8 --build \
    >/dev/null || exit 1
"$bin/cedm-freeze" "$vit" -o . --name large --heads 2 --input 16x16 --build \
    >/dev/null || exit 1
"$bin/cedm-embed" --model encoder.so --data images.idx --out real.npy \
    >/dev/null 2>&1 || exit 1
"$bin/cedm-eval" ref real.npy -o real.npz >/dev/null || exit 1

snap=1 # ticks
exec_train() { # OPTIONS...
    exec "$bin/cedm-train" --data images.idx --clusters ids.txt --cbase 8 --cres 1 \
        --num-blocks 1 --attn 8 --batch 16 --lr-rampup 0.0001 --ema 0.0002 \
        --tick 0.16 --snap $snap --seed 3 "$@"
}
train() { (exec_train "$@"); }
spec=fd:encoder.so:real.npz:40
says() { # CODE TEXT COMMAND...: fails with that code and text
    "${@:3}" >/dev/null 2>said
    [ $? -eq "$1" ] && grep -q -e "$2" said || { cat said >&2; return 1; }
}
distances() { sed -n 's/.*"fd":\([^,]*\).*/\1/p' "$1/stats.jsonl"; }
points() { ls "$1" | grep -c '^snapshot'; }

check "a run" train --out whole --duration 0.0008 --eval $spec --threads 2
check "five distances" test "$(distances whole | wc -l)" -eq 5
check "above 0" awk '!($1 > 0) { bad = 1 } END { exit bad }' <(distances whole)
check "drawn" test -s whole/fd.png
snap=5 check "the same network as without" train --out plain --duration 0.0008
check "bit for bit" cmp whole/state-000000800.safetensors \
    plain/state-000000800.safetensors
check "nothing is said of distances" test "$(distances plain | wc -l)" -eq 0
check "one thread, in two parts" train --out parts --duration 0.00032 --threads 1 \
    --eval $spec
mkdir elsewhere
from_elsewhere() { (cd elsewhere && "$bin/cedm-train" --resume --out ../parts "$@"); }
check "goes on from another folder" from_elsewhere --duration 0.0008
check "the same distances" cmp <(distances whole) <(distances parts)

# The address sanitizer looks at memory, not at distances.
if [ -z "${SAN-}" ]; then
    # Other noise by another program, as many images, the same solver: for both the
    # distance is one of 400 random images. Its spread is about the square root of
    # 2 / 400 of its trace part, 7 %; three times that passes.
    check "a judged network" train --out judged --duration 0.00032 --lr 1e-2 \
        --eval fd:encoder.so:real.npz:400
    "$bin/cedm-freeze" judged/snapshot-000000320.safetensors -o . --name net --build \
        >/dev/null
    "$bin/cedm-gen" --model net.so --n 400 --solver ipndm --steps 10 --grid none \
        --out drawn >/dev/null 2>&1
    "$bin/cedm-embed" --model encoder.so --data drawn --out drawn.npy >/dev/null 2>&1
    "$bin/cedm-eval" fd real.npz drawn.npy >others
    check "the distance of others' images" awk 'NR == FNR { mine = $1; next }
        { exit !(NF == 2 && mine > 0.79 * $2 && mine < 1.21 * $2) }' \
        <(distances judged | tail -n 1) others
fi

# A learning rate of 0: the network stays what it was, and so do its images.
check "nothing is learnt" train --out still --duration 0.0016 --lr 0 --eval $spec \
    --early-stop 2
check "ends early" test "$(points still)" -eq 3
check "goes on no further" train --resume --out still --duration 0.0016 --lr 0
check "ended already" test "$(points still)" -eq 3
check "names the best" says 0 'next: cedm-freeze still/snapshot-000000160' \
    train --resume --out still --duration 0.0016 --lr 0
check "but further if asked" train --resume --out still --duration 0.0016 --lr 0 \
    --early-stop 4
check "two more" test "$(points still)" -eq 5

# Ended while millions of images are drawn for the judge.
(exec_train --out ended --duration 0.0016 --eval ${spec%40}9000000) >/dev/null 2>&1 &
pid=$!
for _ in $(seq 500); do
    [ -e ended/options.json ] && break
    sleep 0.02
done
sleep 2
kill -TERM $pid
wait $pid
check "SIGTERM ends a judgement" test $? -eq 130
check "without a distance" test "$(distances ended | wc -l)" -eq 0
check "with a state" test -e "$(ls ended/state-* | tail -n 1)"

check "the words" says 2 'wanted fd:ENCODER' train --out x --eval fd:encoder.so:40
check "an image is no sample" says 2 'from 2' train --out x --eval ${spec%40}1
check "no encoder" says 1 'none.so' train --out x --eval fd:none.so:real.npz:40
check "other sizes" says 1 'wanted 8x8' train --out x --eval fd:large.so:real.npz:40
check "no statistics" says 1 'real.npy' train --out x --eval fd:encoder.so:real.npy:40
check "a stop without distances" says 2 'belongs to --eval' train --out x \
    --early-stop 2
check "the best would go" says 2 'keep: wanted more' train --out x --eval $spec \
    --early-stop 2 --keep 2

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
