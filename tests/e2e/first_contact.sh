#!/bin/bash
# SPDX-License-Identifier: MIT
#
# first_contact.sh - the first contact with a GPU, rehearsed on the emulator
# with kernels that trap, hang and are wrong: each costs its own tests, and
# the rest of the report is complete.
set -u
if [ ! -x "$BUILD/test/emulated_probe" ]; then
    echo 'skipped: no nvcc'
    exit 77
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
fail() {
    echo "$1"
    cat "$work/results/report.md"
    exit 1
}

sed -e 's/"img_resolution": 32/"img_resolution": 8/' \
    -e 's/"model_channels": 128/"model_channels": 4/' \
    -e 's/\[2, 2, 2\]/[1]/' -e 's/"num_blocks": 4/"num_blocks": 1/' \
    tests/synth/cifar10-c100.json >"$work/cifar10-c100.json"
cat >"$work/settings" <<SETTINGS
export EMULATED_ARCH=90
export EMULATED_FAULTS='hang=layer_norm.cu trap=gate.cu wrong=pool.cu'
budget=270
small=3000 small_9_0='-l 2000000 -m 3100000' most=40000 order=40000
precisions=fp16 check=fp16 golden_precisions=fp16
samplers='[ce]*'
networks=cifar10-c100 batches=1 steps=1 window=0.01
training_ops="fp16 test_[nsv]*" warm=1 updates=1 training_batch=2
packed_goldens=uncond-tiny code_goldens=
configurations=$work/cifar10-c100.json
SETTINGS
first-contact/pack.sh "$BUILD" "$work/kit" "$work/settings" >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
"$BUILD/test/emulated_ops" -l 3000 -m 40000 -w "$work/kit/sums" || exit 1
# Whole steps, too: one that hangs, one that fails, one that tells a number.
program() { # PATH LINE...
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$work/$1"
    chmod +x "$work/$1"
}
mkdir "$work/path"
program path/python3 'exit 1'
program kit/bin/learner_cuda_test 'echo about to hang' 'sleep 1000'
program kit/bin/l2_rate 'echo l2_rate: cudaMalloc: error 719' 'exit 1'
program kit/bin/gpu_check \
    'echo "ok     fp16  allocations after open: 0, wanted at most 0"' \
    'echo "FAILED fp16  D of an image: 0.02, wanted at most 0.005"' \
    'echo "1 passed, 1 failed"' 'exit 1'

results=$work/results
PATH=$work/path:$PATH RESULTS=$results "$work/kit/run.sh" >"$work/steps" 2>&1 &&
    fail 'run.sh has no complaint'

# What became of every step.
cat >"$work/wanted" <<'STEPS'
ok instructions of 9.0
FAILED l2_rate
FAILED gpu_ops, fp16, small, kernels of 8.0
ok gpu_ops, fp16, small, cuBLAS
ok gpu_ops, fp16, small, kernels of 9.0
ok gpu_ops, samplers and a network
ok gpu_ops, fp16, large, 8.0
ok gpu_ops, fp16, large, cuBLAS
ok gpu_ops, fp16, large, 9.0
ok gpu_ops, fp16, cuBLAS in other slots
FAILED gpu_check fp16
ok gpu_net cifar10-c100, batch 1
ok gpu_net cifar10-c100/8.0, batch 1
ok gpu_net cifar10-c100/no-statistics, batch 1
ok uncond-tiny fp16 denoise
ok uncond-tiny fp16 sample
ok gpu_train_ops
hung training beside the CPU
ok training in fp16
ok training in fp16, again
skipped PyTorch
STEPS
cut -f 1,3 "$results/steps.txt" | tr '\t' ' ' | diff "$work/wanted" - || fail 'other steps'
diff <(sed 's/ *[0-9]* s  /|/; s/: .*//; s/|/ /' "$work/steps" | head -n -1) "$work/wanted" ||
    fail 'they were said otherwise'

# A kernel that hangs or traps costs two of its tests, one that is wrong all of
# its own, and no others.
counts() { # PATTERN: of failures, in cases.txt
    awk -F '\t' -v pattern="$1" '$4 ~ pattern { n[$1]++ }
        END { print n["ok"] + 0, n["FAILED"] + 0, n["hung"] + 0 }' "$results/cases.txt"
}
[ "$(counts '8.0 layer_norm:')" = '0 0 2' ] || fail 'layer_norm does not hang'
[ "$(counts '8.0 gate:')" = '0 2 0' ] || fail 'gate does not trap'
grep -q 'gate: .*unspecified launch failure' "$results/cases.txt" || fail 'no word of a trap'
[ "$(counts '8.0 pool:')" = '0 7 0' ] || fail 'pool is not wrong'
awk -F '\t' '$4 ~ /pool: mean, pad into/ { exit !($2 > 100) }' "$results/cases.txt" ||
    fail 'pool is not far off'
[ "$(awk -F '\t' '$1 == "ok"' "$results/cases.txt" | wc -l)" -ge 60 ] || fail 'few tests passed'

# The page tells what came first, and has ratios and layers.
for line in 'First to fail: l2_rate: exit 1: l2_rate: cudaMalloc: error 719' \
    '| hung | .* | training beside the CPU | ended when its time was over; about to hang |' \
    '| FAILED | .* | gpu_check fp16 | .*D of an image: 0.02, wanted at most 0.005 |' \
    '| G3 | .* | [0-9.]* | <= 1.20 | no |' '| G12 | .* | 0.000 | <= 0 | yes |' \
    '| T5 | .* | 0.000 | <= 0 | yes |' \
    '| 3x3 4+0 to 4 @8 | 6 | [0-9.]* | .* | 6.0000 | 6.0000 |'; do
    grep -q "^$line\$" "$results/report.md" || fail "no line: $line"
done
[ "$(find "$results" -type f | wc -l)" -le 8 ] || fail 'more than eight files'
