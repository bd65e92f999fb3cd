#!/bin/bash
# SPDX-License-Identifier: MIT
#
# train_cuda.sh - cedm-train on a GPU: what it says where there is none, and a
# run on an emulated device, beside one on the CPU.  That the numbers are
# right is tests/trainer/learner_cuda_test.c's.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/patterns.bash"
. "$root/tests/e2e/losses.bash"

patterns 24

# Of the smallest network, since an emulated device is slow.
program=("$bin/cedm-train")
exec_train() { # DURATION ARGUMENTS...
    local duration=$1
    shift
    exec "${program[@]}" --data images.idx --clusters ids.txt --resolution 4 \
        --cbase 4 --cres 1 --num-blocks 1 --attn 64 --batch 16 --lr 1e-3 \
        --lr-rampup 0 --ema 0.0002 --augment 0.3 --dropout 0.1 \
        --p-uncond 0.2 --threads 1 --tick 0.016 --snap 9 --seed 5 \
        --duration "$duration" "$@"
}
train() { (exec_train "$@"); }
changed='images.idx: of 24 images 24 were resized'
refused() { # CODE PATTERN COMMAND...: one line on stderr, but for the images'
    local code=$1 pattern=$2 status
    shift 2
    "$@" >/dev/null 2>heard
    status=$?
    grep -v "$changed" heard >said
    [ $status -eq "$code" ] && [ "$(wc -l <said)" -eq 1 ] &&
        grep -Eq -- "^cedm-train: .*($pattern)" said ||
        { cat said >&2; return 1; }
}

check "cedm-train is not linked with CUDA" \
    sh -c "! ldd '$bin/cedm-train' | grep -Ei 'cuda|cublas|nvidia'"
check "one device" refused 2 'device: wanted one' \
    train 1 --out x --device cuda:0,1
check "16 bits on a CPU" refused 2 'a CPU computes in fp32' \
    train 1 --out x --precision bf16
if ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1'; then
    echo "skipped: no driver (there is one)"
else
    check "no driver" refused 1 'device cuda: there is no NVIDIA driver' \
        train 1 --out x --device cuda
    check "none for 16 bits" refused 1 'precision fp16: a CPU computes in fp32' \
        train 1 --out x --device auto --precision fp16
    check "auto is the CPU" train 1 --dry-run --device auto
fi
check "the failures left nothing" test ! -e x

fake=$bin/../test/fake
if [ ! -e "$fake/libcedm_cuda_train.so" ]; then
    echo "skipped: no emulated device"
    echo "$passed passed, $failed failed"
    exit $((failed > 0))
fi
mkdir prefix prefix/bin prefix/lib drivers
cp "$bin/cedm-train" prefix/bin
cp "$fake/libcedm_cuda_train.so" prefix/lib
cp "$fake/libcuda.so.1" "$fake/libnccl.so.2" drivers
gpu_train() { # as train, but with the device
    (export LD_LIBRARY_PATH=$work/drivers
        program=(prefix/bin/cedm-train)
        exec_train "$@")
}

check "a device that is not there" refused 1 'wanted 0 to 0, got 1' \
    gpu_train 1 --out x --device cuda:1
small() { EMULATED_BYTES=1000 gpu_train "$@"; }
check "memory that is not there" refused 1 \
    'emulator has 1000 of 1000 bytes free; wanted [0-9]{7}.*--micro-batch' \
    small 1 --out x --device cuda
check "a dry run" gpu_train 1 --dry-run --device auto --precision auto
gpu_train 1 --dry-run --device cuda --precision bf16 >plan 2>/dev/null
check "tells device and precision" grep -qx 'device: cuda:0, bf16' plan
check "and its memory" awk '/^memory of the GPU/ { at = 1; next }
    at && /all, in one piece/ { exit !(sum > 0 && (sum - $(NF - 1)) ^ 2 < 0.1) }
    at { sum += $(NF - 1) }' plan
check "which is nothing written" test ! -e x

# until_tick RUN LINES: ends a run that was started after so many ticks, before
# it is complete and draws a grid, and has its exit code.
until_tick() {
    local pid=$! _
    for _ in $(seq 6000); do
        [ "$(cat "$1/stats.jsonl" 2>/dev/null | wc -l)" -ge "$2" ] && break
        sleep 0.02
    done
    kill -TERM "$(cat rank.pid 2>/dev/null || echo $pid)"
    wait $pid
}
launch=()
started() { # ARGUMENTS...: a long run on the device
    (export LD_LIBRARY_PATH=$work/drivers
        program=("${launch[@]}" prefix/bin/cedm-train)
        exec_train 10 --device cuda "$@") >told 2>&1 &
}

check "a run on the CPU" train 0.00032 --out cpu
started --out gpu
until_tick gpu 2
check "SIGTERM ends a run on the device with 130" test $? -eq 130
check "its losses are the CPU's" near 1e-4 cpu gpu 2
check "its snapshot freezes" "$bin/cedm-freeze" gpu/snapshot-*.safetensors \
    -o frozen --name tiny
check "another precision" refused 1 'another recipe' gpu_train 10 \
    --device cuda --precision bf16 --out gpu --resume
ticks=$(($(wc -l <gpu/stats.jsonl) + 1))
started --out gpu --resume
until_tick gpu $ticks
check "it goes on" test $? -eq 130
check "as if it had not ended" near 1e-4 cpu gpu $ticks
started --out half --precision fp16
until_tick half 1
check "a run in fp16" test $? -eq 130
check "its losses are near" near 1e-2 cpu half 1
check "its loss is scaled" test "$(value scale half 1)" -ge 32768

# A rank that goes on while NCCL fails in some way: one line says so, and all
# end, their state as it was.
faulty() { # WAY PATTERN
    cp -r nccl "$1"
    (export LD_LIBRARY_PATH=$work/drivers EMULATED_NCCL=$1
        [ "$1" = absent ] && export EMULATED_HASTE=300 # 10 minutes in 2 s
        program=(timeout 300 "${launch[@]}" prefix/bin/cedm-train)
        exec_train 10 --device cuda --resume --out "$1") >/dev/null 2>"$1.said"
    [ $? -eq 1 ] && [ "$(grep '^cedm-train:' "$1.said" | grep -vc "$changed")" -eq 1 ] &&
        grep -Eq "^cedm-train: cuda:[01]: $2" "$1.said" &&
        cmp nccl/state-*.safetensors "$1"/state-*.safetensors &&
        return
    cat "$1.said" >&2
    return 1
}

# Ranks with one device add up their gradients on the host, those with a
# device each by NCCL.  Between two both make the same sums.  One of the ranks
# is asked to end.
if command -v mpirun >/dev/null && ldd "$bin/cedm-train" | grep -q libmpi; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    launch=(mpirun -n 2 --oversubscribe --mca mpi_yield_when_idle 1 bash -c
        'echo $$ >rank.pid; exec "$@"' rank)
    started --out ranks
    until_tick ranks 3
    check "two ranks on the device" test $? -eq 130
    check "train as one" near 1e-4 cpu ranks 2
    check "add up on the host" grep -q 'by MPI.*: ranks share a GPU$' told
    export EMULATED_DEVICES=2
    started --out nccl
    until_tick nccl 3
    check "two ranks on two devices" test $? -eq 130
    check "add up there" grep -q '^gradients: .* by NCCL' told
    check "as on the host" near 0 ranks nccl 3
    faulty init 'ncclCommInitRank: unhandled system error .*NCCL_DEBUG' &
    pids=$!
    faulty sum 'ncclAllReduce: unhandled cuda error .*NCCL_DEBUG=INFO' &
    pids+=" $!"
    faulty absent 'ncclAllReduce: other ranks did not come for 10 minutes' &
    pids+=" $!"
    faulty remote 'ncclAllReduce: remote process exited' &
    pids+=" $!"
    for pid in $pids; do
        check "what NCCL fails in ends all" wait "$pid"
    done
else
    echo "skipped: no mpirun, or cedm-train was built without MPI"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
