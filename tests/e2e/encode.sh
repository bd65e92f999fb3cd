#!/bin/bash
# SPDX-License-Identifier: MIT
#
# encode.sh - freezes vision transformers of every kind of checkpoint and
# compares features, blocks and positions with the reference, for every size
# of images that is recorded, on every backend here; hostile checkpoints get a
# line.
set -u

. "$(dirname "$0")/checks.bash"
vit=$root/tests/golden/science/vit

backends=portable
for isa in avx2 avx512; do
    if "$bin/cedm-gen" --bench --n 1 --steps 1 --isa $isa >/dev/null 2>&1; then
        backends="$backends $isa"
    else
        printf 'skipped: no %s here\n' $isa
    fi
done

freeze() { # CHECKPOINT OPTIONS...: to $work/model.so
    "$bin/cedm-freeze" "$1" -o "$work" --name model --build "${@:2}"
}

verify() { # GOLDEN OPTIONS...
    "$bin/cedm-verify" --model "$work/model.so" --golden "$vit/$1" \
        --mode encode "${@:2}"
}

compare() { # CHECKPOINT GOLDEN ITEMS OPTIONS...: so many comparisons
    local name="$1 ${*:4}"
    check "freeze $name" freeze "$vit/$1" "${@:4}"
    for isa in $backends; do
        check "$name, $isa" verify "$2" --isa $isa
        verify "$2" --isa $isa >"$work/out" 2>&1
        check "$name, $isa: $3 comparisons" \
            grep -q "^model on .*: $3 of $3 within" "$work/out"
    done
}

says() { # TEXT COMMAND...: fails with that text
    local text=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        return 1
    fi
    grep -q -- "$text" "$work/out" || { cat "$work/out" >&2; return 1; }
}

tiny=dino-tiny.safetensors
compare $tiny dino-tiny.golden.safetensors 8 --heads 2
for size in 48x48 40x24 16x32; do
    compare $tiny dino-tiny.golden.safetensors 3 --heads 2 --input $size
done
compare dino-tiny.legacy.pth dino-tiny.golden.safetensors 8 --heads 2
compare $tiny dino-tiny.e2e.safetensors 1 --heads 2
compare $tiny dino-tiny.e2e.safetensors 1 --heads 2 --input 37x29 --resize 32
compare dino-hd64.full.pth dino-hd64.golden.safetensors 6
for size in 28x28 20x44; do
    compare dino-hd64.full.pth dino-hd64.golden.safetensors 3 --input $size
done
# heads and epsilon are those of the config.json beside
compare dino-tiny-hf/model.safetensors dino-tiny-hf/golden.safetensors 2
compare dino-tiny-hf/model.safetensors dino-tiny-hf/golden.safetensors 2 \
    --input 48x48
compare dinov2-tiny-hf/model.safetensors dinov2-tiny-hf/golden.safetensors 2
compare dinov2-tiny-hf/model.safetensors dinov2-tiny-hf/golden.safetensors 2 \
    --input 28
compare dinov2-tiny.pth dinov2-tiny.golden.safetensors 8
for size in 28x28 42x70 84x84; do
    compare dinov2-tiny.pth dinov2-tiny.golden.safetensors 3 --input $size
done
for file in dinov2-reg.safetensors dinov2-reg.timm.safetensors; do
    compare $file dinov2-reg.golden.safetensors 8
    for size in 28x28 56x42 98x98; do
        compare $file dinov2-reg.golden.safetensors 4 --input $size
    done
done
compare dinov2-swiglu.safetensors dinov2-swiglu.golden.safetensors 6
compare dinov2-swiglu.safetensors dinov2-swiglu.golden.safetensors 3 \
    --input 56x28

# A comparison that cannot fail compares nothing.
freeze "$vit/$tiny" --heads 2 >/dev/null
check 'too strict' says 'are past the limit' verify \
    dino-tiny.golden.safetensors --tolerance 1e-9
freeze "$vit/$tiny" --heads 4 >/dev/null
check 'other heads' says 'are past the limit' verify \
    dino-tiny.golden.safetensors
freeze "$vit/$tiny" --heads 2 --input 48x48 --positions size >/dev/null
check 'other positions' says 'are past the limit' verify \
    dino-tiny.golden.safetensors
freeze "$vit/$tiny" --heads 2 --weights f16 >/dev/null
check 'f16' verify dino-tiny.golden.safetensors
check 'f16 is not f32' says 'are past the limit' verify \
    dino-tiny.golden.safetensors --tolerance 1e-5

check 'heads divide the width' says 'divisor of the width' freeze \
    "$vit/$tiny" --heads 3
check 'an encoder draws nothing' says 'encodes images' "$bin/cedm-gen" \
    --model "$work/model.so" --n 1
check 'a denoiser has no window' says 'are of encoders' freeze \
    "$root/tests/golden/fashion.safetensors" --input 32
check 'a denoiser does not encode' says 'wanted a model that encodes' \
    bash -c "'$bin/cedm-freeze' '$root/tests/golden/uncond-tiny.safetensors' \
        -o '$work' --name other --build >/dev/null && '$bin/cedm-verify' \
        --model '$work/other.so' --golden '$vit/dino-tiny.golden.safetensors' \
        --mode encode"
check 'nothing of this size' says 'holds nothing of this model' bash -c "
    '$bin/cedm-freeze' '$vit/$tiny' -o '$work' --name other --heads 2 \
        --input 64 --build >/dev/null && '$bin/cedm-verify' \
        --model '$work/other.so' --golden '$vit/dino-tiny.golden.safetensors' \
        --mode encode"
head -c 300000 "$vit/$tiny" >"$work/short.safetensors"
check 'cut short' says 'short.safetensors' freeze "$work/short.safetensors"
check 'too large' says '4096 tokens' freeze "$vit/$tiny" --heads 2 \
    --input 1024x1024
check 'a window above the image' says 'inside the resized' freeze \
    "$vit/$tiny" --heads 2 --input 32 --resize 16 --window 24

# Rows of a data set are those of each image alone.
mkdir "$work/images"
"$bin/cedm-gen" --n 7 --steps 2 --grid none --out "$work/images" >/dev/null 2>&1
freeze "$vit/$tiny" --heads 2 >/dev/null
rows() { # NAME OPTIONS...
    "$bin/cedm-embed" --model "$work/model.so" --data "$work/images" \
        --out "$work/$1.npy" --isa portable "${@:2}"
}
check 'embed' rows whole --batch 7 --threads 1
check 'embed one by one' rows one --batch 1 --threads 2
check 'the same rows' cmp "$work/whole.npy" "$work/one.npy"
check 'part 1' rows parts --shard 1/2 --batch 2
check 'part 0' rows parts --shard 0/2
check 'the same rows of parts' cmp "$work/whole.npy" "$work/parts.npy"
check 'said to be of an encoder' grep -q '"kind":[[:space:]]*"encoder"' \
    "$work/whole.json"
check 'an encoder has no noise' says '--sigma: is for models that denoise' rows noise \
    --sigma 0.2
freeze "$vit/$tiny" --heads 2 --input 32x48 >/dev/null
check 'data sets hold squares' says 'wanted squares' rows wide

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
