#!/bin/bash
# SPDX-License-Identifier: MIT
#
# cluster_ranks.sh - cedm-cluster in several processes: ranks of MPI cluster as
# one process does, to the last bit, stopped and resumed in any number or not;
# shards of neighbours need no MPI.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/arrays.bash"
cluster=$bin/cedm-cluster

array kmeans/plusplus_band X band.npy
array kmeans/few_distinct X few.npy

# ---- neighbours by shards ---------------------------------------------------

knn=(knn --features band.npy --neighbours 8)
check 'neighbours' "$cluster" "${knn[@]}" --out whole.npy --similarity whole.cosines.npy
shard() { # I/N ARGUMENTS...
    local shard=$1
    shift
    "$cluster" "${knn[@]}" --shard "$shard" --out parts.npy \
        --similarity parts.cosines.npy "$@"
}
check 'a shard' shard 1/3
check 'waits for others' test ! -e parts.npy -a -s parts.1-of-3.part
check 'another shard' shard 2/3
head -c 700 parts.2-of-3.part >cut
mv cut parts.2-of-3.part # as if killed
check 'the last one' shard 0/3
check 'is not the last' test ! -e parts.npy
check 'another number' bash -c '! "$@" 2>said.txt && grep -q "begin without" said.txt' \
    other "$cluster" knn --features band.npy --neighbours 9 --shard 2/3 \
    --out parts.npy --resume
check 'resumed' shard 2/3 --resume
check 'as if whole' cmp whole.npy parts.npy
check 'similarities, too' cmp whole.cosines.npy parts.cosines.npy
check 'no part is left' test -z "$(ls ./*.part 2>/dev/null)"

# ---- ranks ------------------------------------------------------------------

if ! command -v mpirun >/dev/null || ! ldd "$cluster" | grep -q libmpi; then
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] || exit 1
    echo "skipped: no mpirun, or cedm-cluster was built without MPI"
    exit 77
fi
# The launcher refuses root, and more ranks than cores, unless told.  What it
# leaves allocated is not ours to find.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export ASAN_OPTIONS=detect_leaks=0

exec_ranks() { # RANKS ARGUMENTS...
    local ranks=$1
    shift
    exec timeout 120 mpirun -n "$ranks" --oversubscribe \
        --mca mpi_yield_when_idle 1 bash -c \
        'echo $$ >rank-$OMPI_COMM_WORLD_RANK.pid; exec "$@"' rank \
        "$cluster" "$@" --threads 1
}
ranks() { (exec_ranks "$@"); }
same() { # NAME OTHER SUFFIX...: files of two runs are the same bytes
    local name=$1 other=$2 suffix
    shift 2
    for suffix; do
        cmp "$name$suffix" "$other$suffix" || return
    done
}

check 'shards by mpirun' ranks 2 "${knn[@]}" --out launched.npy
check 'are the same' cmp whole.npy launched.npy

kmeans=(kmeans --features band.npy --clusters 40 --n-init 2)
check 'k-means' "$cluster" "${kmeans[@]}" --out one.npy
for n in 2 3; do
    check "k-means by $n" ranks $n "${kmeans[@]}" --out ranks$n.npy
    check "the bits of one" same one ranks$n .npy .json .centres.safetensors
done
check 'one speaks' test "$(ranks 2 "${kmeans[@]}" --out x.npy | wc -l)" -eq 3
for way in '--init random' '--batch 256' '--normalize'; do
    check "one, $way" "$cluster" "${kmeans[@]}" $way --out one.npy
    check "two, $way" ranks 2 "${kmeans[@]}" $way --out two.npy
    check 'the same bits' same one two .npy .centres.safetensors
done
array kmeans/empty X empty.npy
array kmeans/empty init empty.init.npy
empty=(kmeans --features empty.npy --init empty.init.npy --clusters 6)
check 'empty clusters' "$cluster" "${empty[@]}" --out one.npy
check 'empty clusters of two' ranks 2 "${empty[@]}" --out two.npy
check 'the same rows' same one two .npy .json .centres.safetensors

small=(--features band.npy --hidden 32 --bottleneck 16 --batch 250 --warmup 3
    --rate 1e-2 --momentum 0.9 --neighbours 10)
temi=(temi "${small[@]}" --clusters 16 --heads 3 --epochs 6 --standardize)
check 'temi' "$cluster" "${temi[@]}" --out one.npy --progress json
check 'temi by two' ranks 2 "${temi[@]}" --out two.npy --progress json
check 'its bits' same one two .npy .json .heads.safetensors
check 'scan' "$cluster" "${temi[@]}" --loss scan --out one.npy
check 'scan by three' ranks 3 "${temi[@]}" --loss scan --out two.npy
check 'its bits' same one two .npy .heads.safetensors
bound=(bound "${small[@]}" --heads 2 --epochs 2 --grid 2,64)
check 'bound' "$cluster" "${bound[@]}" --out one.json
check 'bound by two' ranks 2 "${bound[@]}" --out two.json
check 'its curve' same one two .json .svg

# ---- interrupted, killed, resumed in another number -------------------------

# Long enough to be stopped; sanitizers need less for that.
slower=$([ -z "${SAN-}" ] && echo 1 || echo 4)
long=(temi "${small[@]}" --clusters 16 --heads 3 --epochs $((240 / slower)))
check 'a long run' "$cluster" "${long[@]}" --out whole.npy
(exec_ranks 2 "${long[@]}" --out stopped.npy --progress json) >/dev/null 2>log &
pid=$!
epoch() { # N: waits until one like it has been seen; not every one is shown
    for _ in $(seq 1500); do
        grep -q "\"epoch\": $1," log && return
        sleep 0.02
    done
    return 1
}
check 'it begins' epoch '[1-9][0-9][0-9]*'
kill -TERM "$(cat rank-1.pid)"
wait $pid
check 'SIGTERM to a rank ends all with 130' test $? -eq 130
check 'and a state' test -s stopped.state
(exec_ranks 3 "${long[@]}" --out stopped.npy --resume --progress json) \
    >/dev/null 2>log &
pid=$!
check 'three go on' epoch '[0-9]*'
kill -KILL "$(cat rank-2.pid)"
wait $pid
check 'a rank that is killed ends all' test $? -ne 0
check 'not before it went on' test -s stopped.state -a ! -e stopped.npy
check 'alone again' "$cluster" "${long[@]}" --out stopped.npy --resume
check 'as if never stopped' same whole stopped .npy .json .heads.safetensors

many=(kmeans --features band.npy --clusters 200 --n-init $((60 / slower)) --tol 0)
check 'many runs' "$cluster" "${many[@]}" --out whole.npy
(exec_ranks 2 "${many[@]}" --out stopped.npy --progress json) >/dev/null 2>log &
pid=$!
for _ in $(seq 1500); do
    grep -q '"run": [0-9]' log && break
    sleep 0.02
done
kill -INT "$(cat rank-0.pid)"
wait $pid
check 'SIGINT ends all with 130' test $? -eq 130
check 'its state' test -s stopped.state
check 'three resume' ranks 3 "${many[@]}" --out stopped.npy --resume
check 'runs as if never stopped' same whole stopped .npy .json .centres.safetensors

# ---- said once --------------------------------------------------------------

says() { # TEXT ARGUMENTS...: two ranks fail, one says that
    local text=$1
    shift
    ranks 2 "$@" >/dev/null 2>said && return 1
    [ "$(grep -c "^cedm-cluster: .*$text" said)" -eq 1 ] ||
        { cat said >&2; return 1; }
}
k=(kmeans --out x.npy --features)
check 'no features' says 'none.npy' "${k[@]}" none.npy --clusters 3
check 'too many clusters' says 'wanted 1 to 40 clusters' "${k[@]}" few.npy \
    --clusters 41
check 'more ranks than heads' says 'wanted at most 1 ranks' temi "${small[@]}" \
    --clusters 3 --heads 1 --out x.npy
check 'wrong use' says "unknown option" "${k[@]}" band.npy --nosuch
check 'no folder' says '/nowhere/x.npy' kmeans --features band.npy --clusters 2 \
    --out /nowhere/x.npy

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
