#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh BUILD BIN - all that is checked on a GPU: every kernel, whole nets,
# encoders, training, stored results of the reference, and small cases under
# compute-sanitizer.
# The last line is `N passed, N failed`, or `skipped: no device` (exit 77).
# BIN has cedm-freeze, cedm-train, cedm-verify and inception-weights.
#
# What hangs is ended, and an error of CUDA ends its own process: kernels of
# each op are a process for each precision.
set -u
build=$1
bin=$2
tests=$(cd "$(dirname "$0")/.." && pwd)
work=$build/gpu
tally=$work/tally

"$build/test/gpu_ops" none
[ $? -ne 77 ] || exit 77
mkdir -p "$work" && rm -f "$tally"
run() { # NAME COMMAND...
    name=$1
    shift
    "$tests/run.sh" "$tally" "$name" timeout -k 10 300 "$@"
}

for precision in fp16 bf16 fp32; do
    for ops in '8.0 [!ca]*' '8.0 attention*' '8.0 conv: *' '8.0 conv of *' \
        '8.0 conv, *' '9.0 *' 'cuBLAS *' 'slots *'; do
        run "gpu gpu_ops $precision $ops" "$build/test/gpu_ops" \
            "$precision $ops"
    done
done
run "gpu gpu_ops, samplers and a network" "$build/test/gpu_ops" '[!fb]*'
run "gpu gpu_check" "$build/test/gpu_check"
run "gpu gpu_train_ops" "$build/test/gpu_train_ops"
run "gpu training" "$build/test/learner_cuda_test" \
    "$build/lib/libcedm_cuda_train.so"
run "gpu cedm-train" env BIN="$bin" "$tests/gpu/train.sh"
for golden in "$tests"/golden/*.golden.safetensors; do
    name=$(basename "$golden" .golden.safetensors)
    [ -f "$tests/golden/$name.safetensors" ] || continue
    run "freeze $name" "$bin/cedm-freeze" "$tests/golden/$name.safetensors" \
        -o "$work/$name" --name model --build
    for precision in fp32 fp16 bf16; do
        for mode in denoise sample; do
            [ $mode = denoise ] || grep -aq '"samples"' "$golden" || continue
            run "$name $precision $mode" "$bin/cedm-verify" \
                --model "$work/$name/model.so" --golden "$golden" \
                --mode $mode --device cuda --precision $precision
        done
    done
done

vit=$tests/golden/science/vit
run "gpu gpu_encode" "$tests/gpu/encode.sh" "$bin" "$build/test/gpu_encode" \
    "$work/encoders"
run 'freeze an encoder' "$bin/cedm-freeze" "$vit/dino-tiny.safetensors" \
    -o "$work/encoder" --name model --build --heads 2
for precision in fp32 fp16 bf16; do
    run "an encoder, $precision" "$bin/cedm-verify" --mode encode \
        --model "$work/encoder/model.so" --device cuda \
        --precision $precision --golden "$vit/dino-tiny.e2e.safetensors"
done

# FID's Inception, 95 MB of weights by a formula.
inception=$tests/golden/science/inception/golden.safetensors
mkdir -p "$work/inception"
run 'weights of Inception' sh -c "cd '$tests/..' &&
    '$bin/inception-weights' torchvision '$inception' '$work/inception/fid.safetensors'"
run 'freeze Inception' "$bin/cedm-freeze" "$work/inception/fid.safetensors" \
    -o "$work/inception" --name model --build --filter tf1 --input 32x32
for precision in fp32 fp16 bf16; do
    run "Inception, $precision" "$bin/cedm-verify" --mode encode \
        --model "$work/inception/model.so" --device cuda \
        --precision $precision --golden "$inception"
done

# The cases below half a million multiply-adds, in fp16: racecheck is slow.
sanitizer=$(command -v compute-sanitizer ||
    ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
if [ -n "$sanitizer" ]; then
    for tool in memcheck racecheck; do
        run $tool "$sanitizer" --tool $tool \
            --error-exitcode 1 "$build/test/gpu_ops" -m 500000 'fp16 *'
    done
else
    echo 'memcheck, racecheck: skipped: no compute-sanitizer'
fi
"$tests/run.sh" "$tally" -s
