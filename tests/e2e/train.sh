#!/bin/bash
# SPDX-License-Identifier: MIT
#
# train.sh - what cedm-train promises: it learns, its snapshots freeze, a run
# that was killed goes on bit for bit, threads change nothing, and what cannot
# be done is said.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/patterns.bash"

says() { # CODE TEXT COMMAND...: fails with that code and text
    code=$1
    text=$2
    shift 2
    "$@" >/dev/null 2>"$work/said"
    [ $? -eq "$code" ] && grep -q -e "$text" "$work/said" ||
        { cat "$work/said" >&2; return 1; }
}

patterns 48
gzip -k images.idx

# An option may be given once: those that vary are NAME=VALUE before others.
exec_train() {
    data=images.idx clusters=ids.txt cbase=8 cres=1,2 lr=1e-2
    duration=0.0016 tick=0.4 snap=2
    while [[ ${1-} == *=* ]]; do
        declare "$1"
        shift
    done
    exec "$bin/cedm-train" --data $data --clusters $clusters --cbase $cbase \
        --cres $cres --num-blocks 1 --attn 4 --batch 16 --lr $lr \
        --lr-rampup 0.0001 --ema 0.0002 --augment 0.1 --dropout 0.05 \
        --duration $duration --tick $tick --snap $snap --seed 3 "$@"
}
train() { (exec_train "$@"); }
losses() { sed 's/.*"loss":\([^,]*\).*/\1/' "$1/stats.jsonl"; }
comparable() { sed 's/,"images_per_second.*//' "$1/stats.jsonl"; }
same() { # RUN RUN: the same end
    cmp "$1/snapshot-000001600.safetensors" \
        "$2/snapshot-000001600.safetensors" &&
        cmp "$1/state-000001600.safetensors" \
            "$2/state-000001600.safetensors" &&
        cmp "$1/grid-000001600.png" "$2/grid-000001600.png" &&
        [ "$(comparable "$1")" = "$(comparable "$2")" ]
}

check "a run" train --out whole --threads 2
check "it learns" awk 'NR == 1 { first = $1 } { last = $1 }
    END { exit !(NR == 4 && last < 0.75 * first) }' <(losses whole)
check "snapshots freeze" "$bin/cedm-freeze" \
    whole/snapshot-000001600.safetensors -o frozen --name tiny
check "with the clusters of the file" grep -q '"ids":\[0,5,10\]' \
    frozen/tiny.cedm
check "one thread, compressed images" train data=images.idx.gz snap=4 \
    --out one --threads 1
check "threads change nothing" same whole one

# Killed as soon as there is a state, long before the end.
(exec_train --out killed --threads 1) >/dev/null 2>&1 &
pid=$!
for _ in $(seq 3000); do
    [ -e killed/state-000000800.safetensors ] && break
    sleep 0.02
done
kill -9 $pid
wait $pid 2>/dev/null
check "killed before the end" test ! -e killed/state-000001600.safetensors
check "a killed run goes on" train --out killed --resume
check "bit for bit" same whole killed

# Asked to end in the middle of a tick.
(exec_train tick=0.5 snap=4 --out ended --threads 1) >/dev/null 2>&1 &
pid=$!
for _ in $(seq 3000); do
    [ -s ended/stats.jsonl ] && break
    sleep 0.02
done
kill -TERM $pid
wait $pid
check "SIGTERM ends a run with 130" test $? -eq 130
check "an ended run goes on" train tick=0.5 snap=4 --out ended --resume
check "as if it had not ended" cmp ended/snapshot-000001600.safetensors \
    whole/snapshot-000001600.safetensors

# A file may not grow beyond 40 KiB: like a full disk.
check "half a run" train duration=0.0008 --out full
limited() { (trap '' XFSZ; ulimit -f 40; exec_train --out full --resume); }
check "a full disk" says 1 'full/snapshot' limited
check "leaves the last point" test "$(ls full | tr '\n' ' ')" = "$(echo \
    grid-000000800.png loss.png options.json \
    snapshot-000000800.safetensors state-000000800.safetensors \
    stats.jsonl '')"
check "which is as good" train --out full --resume
check "as ever" same whole full

check "old points are removed" train snap=1 duration=0.0012 \
    --out kept --keep 1
check "the newest is kept" test "$(ls kept | tr '\n' ' ')" = "$(echo \
    grid-000001200.png loss.png options.json snapshot-000001200.safetensors \
    state-000001200.safetensors stats.jsonl '')"
check "another network's weights" train cres=1 duration=0.00004 \
    --out moved --transfer whole/snapshot-000001600.safetensors
check "nothing is done" train --dry-run --out nothing
check "nor written" test ! -e nothing

# ---- from clusters to images ------------------------------------------------

# What is known of the clusters goes with the network into its images.
frozen() { # RUN NAME
    "$bin/cedm-freeze" "$1"/snapshot-*1600.safetensors -o . --name "$2" --build
}
check "a frozen network" frozen whole whole
check "features" "$bin/cedm-embed" --model whole.so --data images.idx --out F.npy
check "clusters" "$bin/cedm-cluster" kmeans --features F.npy --clusters 6 --out kmeans.npy
made="\"method\":\"kmeans\",\"clusters\":6,\"features_sha256\":\"$(sha256sum F.npy | cut -c -64)\""
check "trained on these" train clusters=kmeans.npy snap=4 --out made
check "frozen" frozen made made
check "the blob says how" grep -qF "\"source\":{$made}" made.cedm
check "so does cedm-info" eval '"$bin/cedm-info" --json made.so | tr -d " \t\n" | grep -qF "$made"'
check "images" "$bin/cedm-gen" --model made.so --n 6 --grid none --out photos --steps 4
check "and their records" grep -qaF "\"cluster_source\":{$made}" photos/000003.png
like() { # OPTION...
    "$bin/cedm-gen" --model made.so --steps 4 --n 4 "$@"
}
check "like one of them" like --like photos/000003.png --encoder whole.so \
    --centres kmeans.centres.safetensors --out like.png
check "drawn again" "$bin/cedm-gen" --model made.so --from like.png --out again.png
check "without the picture" cmp like.png again.png
check "other clusters" "$bin/cedm-cluster" kmeans --features F.npy --clusters 7 --out seven.npy
check "are not the network's" says 1 'other clusters than those of model made' like \
    --like photos/000003.png --encoder whole.so --centres seven.centres.safetensors --out x.png
rm kmeans.json
check "nothing is known" train clusters=kmeans.npy duration=0.0001 --out unknown
check "and nothing is said" eval '! grep -q cluster_source unknown/snapshot-*'

check "a used folder" says 1 'give --resume' train --out whole
check "another recipe" says 1 'another recipe' train lr=2e-2 --out whole \
    --resume
check "another network" says 1 'another network' train cbase=12 --out whole \
    --resume
check "nothing to resume" says 1 'nothing to resume' train --out none \
    --resume
head -n 47 ids.txt >few.txt
check "too few ids" says 1 'one per image, got 47' train clusters=few.txt \
    --out x
head -c 3000 images.idx >short.idx
check "a short file" says 1 'ends in image 46 of 48' train data=short.idx \
    --out x
check "no images" says 1 'not a dataset' train data=ids.txt --out x
check "a batch that does not divide" says 2 'a divisor of the batch' \
    train --out x --micro-batch 5
check "the failures left nothing" test ! -e x

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
