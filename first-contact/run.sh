#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh - a GPU's first contact with the CUDA backend, in 9 minutes: what is
# right, what is not and how far off it is, and how fast it is.
#
#     RESULTS=DIR run.sh
#
# It lies in what `make first-contact` packed and needs of the machine a
# driver, libcudart, cuBLAS and the C library; PyTorch is compared with where
# python3 has it.  DIR [first-contact-results] gets eight files: report.md is
# the page to read, log.txt has everything that was printed.
#
# Small things come first.  Every step is a process with a time limit, and
# what became of it is written at once, so that whatever hangs, traps or is
# wrong costs its own result alone.
set -u
kit=$(dirname "$(readlink -f "$0")")
results=${RESULTS:-first-contact-results}
budget=540     # seconds
small=20000000 # multiply-adds of a small case
small_9_0="-m $small"
most=18446744073709551615
order=80000000 # above which only values are tested
precisions='fp16 bf16 fp32'
check='fp16 8.0 bf16 fp32'
samplers='[!fb]*'
golden_precisions='fp32 fp16 bf16'
networks='cifar10-c100 ffhq64'
batches='66 264 1' # of the first network; of others 66 alone
steps=18
window=1           # seconds of a measurement, of which there are five
training_ops='*'
warm=24            # updates of training, of which the first find fp16's scale
updates=16         # that are timed
training_batch=512
sums=$kit/sums
[ ! -f "$kit/settings" ] || . "$kit/settings"

mkdir -p "$results" || exit 1
results=$(cd "$results" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
for file in steps cases layers numbers peers machine log; do
    : >"$results/$file.txt"
done
. "$kit/step.bash"
. "$kit/machine.bash"
. "$kit/networks.bash"
bin=$kit/bin

find_libraries || exit $?
describe_machine
# Weights of networks of full size are made while small things are tested.
(
    for network in $networks; do
        make_network "$network" "$work/$network"
    done
) >"$work/made.log" 2>&1 &
making=$!

stage 'instructions' 40
cases 'instructions of 9.0' 30 5 "$bin/gpu_probe"
for experiment in hopper_conv hopper_shift l2_rate; do
    [ ! -x "$bin/$experiment" ] || step "$experiment" 20 "$bin/$experiment"
done

export CUDA_LAUNCH_BLOCKING=1
ops() { # LIMIT SECONDS-OF-A-CASE NAME FILTER OPTIONS...
    local limit=$1 of_case=$2 name=$3 filter=$4
    shift 4
    cases "gpu_ops, $name" "$limit" "$of_case" "$bin/gpu_ops" -o "$order" \
        ${sums:+-s "$sums"} "$@" "$filter"
}
stage 'small cases' 160
for precision in $precisions; do
    ops 35 5 "$precision, small, kernels of 8.0" "$precision 8.0 *" -m "$small"
    ops 25 5 "$precision, small, cuBLAS" "$precision cuBLAS *" -m "$small"
    [ "$precision" = fp32 ] ||
        ops 45 5 "$precision, small, kernels of 9.0" "$precision 9.0 *" $small_9_0
done
ops 25 5 'samplers and a network' "$samplers"
stage 'large cases' 240
for precision in $precisions; do
    for family in 8.0 cuBLAS 9.0; do
        [ "$precision $family" = 'fp32 9.0' ] ||
            ops 35 12 "$precision, large, $family" "$precision $family *" -l "$small" -m "$most"
    done
    ops 25 12 "$precision, cuBLAS in other slots" "$precision slots *" -m "$most"
done
unset CUDA_LAUNCH_BLOCKING

stage 'a network beside the CPU' 310
for part in $check; do
    step "gpu_check $part" 40 "$bin/gpu_check" "$part"
    awk -v OFS='\t' '/allocations after open/ { print "allocations", $6 + 0 }' "$log" \
        >>"$results/numbers.txt"
done

stage 'speed' 420
wait $making
log=$work/made.log keep_log 'weights of networks'
measure_all

stage 'stored results' 460
check_goldens

stage 'training' 510
cases 'gpu_train_ops' 30 5 "$bin/gpu_train_ops" "$training_ops"
step 'training beside the CPU' 20 "$bin/learner_cuda_test" "$kit/lib/libcedm_cuda_train.so"
train_in_full

stage 'peers' 540
compare_peers
echo "$results/report.md"
! grep -q -E '^(FAILED|hung)' "$results/steps.txt"
