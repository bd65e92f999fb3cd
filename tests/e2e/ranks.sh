#!/bin/bash
# SPDX-License-Identifier: MIT
#
# ranks.sh - cedm-train in several processes: they train what one would, end
# together, and go on in any number.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/patterns.bash"
. "$root/tests/e2e/losses.bash"
if ! command -v mpirun >/dev/null || ! ldd "$bin/cedm-train" | grep -q libmpi
then
    echo "skipped: no mpirun, or cedm-train was built without MPI"
    exit 77
fi

# The launcher refuses root, and more ranks than cores, unless told.  What it
# leaves allocated is not ours to find.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export ASAN_OPTIONS=detect_leaks=0

patterns 24

exec_train() { # RANKS DURATION ARGUMENTS...
    local ranks=$1 duration=$2 launch=()
    shift 2
    [ "$ranks" -gt 1 ] && launch=(mpirun -n "$ranks" --oversubscribe
        --mca mpi_yield_when_idle 1 bash -c
        'echo $$ >rank-$OMPI_COMM_WORLD_RANK.pid; exec "$@"' rank)
    exec timeout 300 "${launch[@]}" "$bin/cedm-train" --data images.idx \
        --clusters ids.txt --cbase 8 --cres 1,2 --num-blocks 1 --attn 4 \
        --batch 12 --lr ${lr-1e-3} --lr-rampup 0 --ema 0.0002 --augment 0.3 \
        --dropout 0.1 --p-uncond 0.2 --threads 1 --tick 0.12 --snap 4 \
        --seed 5 --duration "$duration" "$@"
}
train() { (exec_train "$@"); }
end() { echo "$1/snapshot-000000480.safetensors"; }

check "a process alone" train 1 0.00048 --out of1
for ranks in 2 3; do
    check "$ranks ranks" train $ranks 0.00048 --out of$ranks
    check "$ranks ranks write one line a tick" \
        test "$(wc -l <of$ranks/stats.jsonl)" -eq 4
    check "$ranks ranks are near one" near 1e-4 of1 of$ranks 4
done
check "sums of two differ in their last bits" \
    test -n "$(cmp "$(end of1)" "$(end of2)" 2>&1)"

check "again" train 2 0.00048 --out again
check "has the same bits" cmp "$(end of2)" "$(end again)"
check "half of it" train 2 0.00024 --out half
cp -r half fewer
check "goes on" train 2 0.00048 --out half --resume
check "with the same bits" cmp "$(end of2)" "$(end half)"
check "alone" train 1 0.00048 --out fewer --resume
check "near the same" near 1e-4 of2 fewer 4

# Rank 0 judges and averages, and all of them end when it has seen enough: a
# network that learns nothing draws the same images at both of its snapshots.
"$bin/cedm-freeze" "$root/tests/golden/science/vit/dino-tiny.safetensors" -o . \
    --name encoder --heads 2 --input 8x8 --build >/dev/null
"$bin/cedm-embed" --model encoder.so --data images.idx --out real.npy >/dev/null 2>&1
"$bin/cedm-eval" ref real.npy -o real.npz >/dev/null
judged() { # OPTIONS...: by two ranks
    (lr=0 && exec_train 2 0.00096 --posthoc-ema --early-stop 1 "$@")
}
check "judged" test -n "$(judged --out judged --eval fd:encoder.so:real.npz:40 2>&1 |
    grep '^early stop: 1 ')"
check "an end for all, with averages of rank 0" test \
    "$(ls judged/averages-* judged/state-* | wc -l)" -eq 4

# One rank is asked, and not the one that saves: no launcher, whose patience
# with ranks is short, has a part in it.
(exec_train 2 10 --out ended) >/dev/null 2>&1 &
pid=$!
for _ in $(seq 1500); do
    [ -s ended/stats.jsonl ] && break
    sleep 0.02
done
kill -TERM "$(cat rank-1.pid)"
wait $pid
check "SIGTERM to a rank ends all with 130" test $? -eq 130
check "and a last point" test "$(ls ended/state-*.safetensors | wc -l)" -gt 0
check "from which it goes on" test -n "$(train 2 0.0000001 --out ended \
    --resume 2>&1 | grep '^done; next')"

says() { # TEXT COMMAND...: fails, and one rank says that
    text=$1
    shift
    "$@" >/dev/null 2>said && return 1
    [ "$(grep -c "^cedm-train: .*$text" said)" -eq 1 ] ||
        { cat said >&2; return 1; }
}
check "evaluations that cannot be shared" says 'a rank, 6, got 12' \
    train 2 0.00048 --out x --micro-batch 12
check "no data" says 'images.none' train 2 0.00048 --out x \
    --transfer images.none
check "no encoder" says 'none.so' judged --out x --eval fd:none.so:real.npz:40
check "wrong use" says 'unknown option' train 2 0.00048 --nosuch
mkdir -p full/snapshot-000000480.safetensors/full
check "a file that cannot be written ends all" says 'full/snapshot' \
    train 2 1 --out full
check "the failures left nothing" test ! -e x

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
