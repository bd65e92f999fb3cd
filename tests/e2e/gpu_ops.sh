#!/bin/sh
# SPDX-License-Identifier: MIT
#
# gpu_ops.sh - programs for a GPU on the emulator, to test their own code: the
# tests of kernels with the products that cuBLAS would make, the times of a
# network, and those that take turns with others, in sampling and training.
set -u
test=$BUILD/test
if [ ! -x "$test/emulated_ops" ]; then
    echo 'skipped: no nvcc'
    exit 77
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
fail() {
    echo "$1"
    exit 1
}

"$test/emulated_ops" -m 60000 'fp16 *' &&
    "$test/emulated_ops" -m 60000 '* conv, a product*' &&
    "$test/emulated_train_ops" 'bf16 test_[nsv]*' || exit 1

"$BIN/cedm-freeze" tests/golden/ncsnpp-tiny.safetensors -o "$work" \
    --name tiny --build >"$work/log" || fail "$(cat "$work/log")"
"$test/emulated_gpu_net" "$work/tiny.so" tiny fp16 1 0.01 1 >"$work/table" ||
    fail 'gpu_net failed'
# Every layer is in one row of a kind and, if a product, in one of a shape.
awk -F ' *, *' '!/^#/ && NF == 9 { calls[$4 ~ / /] += $5; rows++ }
    $4 == "all" || $4 ~ /^all / { calls[$4 ~ / /] -= $5 }
    $4 ~ /^(conv|linear)$/ { products += $5 }
    END { exit !(rows > 10 && products > 20 && calls[1] == products) }' \
    "$work/table" || fail "$(cat "$work/table")"

# Two answers; a latent of seed 0 is a normal number.
channels=3 side=16
head -c $((4 * channels * side * side)) /dev/zero >"$work/x.f32"
printf '\000\000\200\077' >"$work/sigma.f32"
head -c 4096 /dev/zero >"$work/labels.f32"
printf 'check 1 %s/d\nlatents 1 %s/z\nsample 1 1\ntime 1 2\n' "$work" "$work" |
    "$test/emulated_gpu_turn" "$work/tiny.so" fp16 1 1 "$work" \
        >"$work/answers" || fail 'gpu_turn failed'
[ "$(grep -c -e '"done"' -e '"seconds"' "$work/answers")" -eq 4 ] ||
    fail "$(cat "$work/answers")"
for file in d z; do
    od -An -v -tf4 "$work/$file" | tr -s ' ' '\n' | awk '
        NF { n++; s += $1 * $1 }
        END { exit !(n == 768 && s / n > 1e-4 && s / n < 2) }' ||
        fail "$work/$file: wanted 768 finite numbers"
done

# Training, of a network that is small enough: fp16 finds its loss scale, and
# the bits are those of another run, and others after another update.  An
# attention of four channels is in it, whose result is no map of floats.
mkdir "$work/bin" "$work/lib" "$work/drivers"
cp "$BUILD/bench/gpu_train" "$work/bin"
cp "$test/fake/libcedm_cuda_train.so" "$work/lib"
cp "$test/fake/libcuda.so.1" "$work/drivers"
sed -e 's/"img_resolution": 32/"img_resolution": 8/' \
    -e 's/"model_channels": 128/"model_channels": 4/' \
    -e 's/\[2, 2, 2\]/[1]/' -e 's/"num_blocks": 4/"num_blocks": 1/' \
    tests/synth/cifar10-c100.json >"$work/small.json"
"$BIN/synth" "$work/small.json" "$work/checkpoint.safetensors" || exit 1
train() { # COMMANDS
    printf "$1" | LD_LIBRARY_PATH=$work/drivers \
        "$work/bin/gpu_train" "$work" fp16 2 >"$work/answers" ||
        fail 'gpu_train failed'
}
train 'bits 2 5\nbits 2 1\ntrain 2 1\noptimiser 2 1\n'
grep '"bits"' "$work/answers" >"$work/bits"
[ "$(sort -u "$work/bits" | wc -l)" -eq 2 ] &&
    [ "$(grep -c '"seconds"' "$work/answers")" -eq 2 ] &&
    ! grep -q '"updates": 0' "$work/bits" || fail "$(cat "$work/answers")"
train 'bits 2 5\n'
grep -qxF "$(head -n 1 "$work/bits")" "$work/answers" ||
    fail "other bits: $(cat "$work/bits" "$work/answers")"
