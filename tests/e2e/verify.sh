#!/bin/bash
# SPDX-License-Identifier: MIT
#
# verify.sh - freezes every golden checkpoint and compares it with the
# reference: denoiser, whole runs and each module, on every backend here.
set -u

. "$(dirname "$0")/checks.bash"
golden=$root/tests/golden

verify() { # WANTED CODE, NAME, ARGUMENTS...
    local wanted=$1 name=$2
    shift 2
    "$bin/cedm-verify" "$@" >"$work/out" 2>&1
    got=$?
    if [ "$got" -eq "$wanted" ]; then
        passed=$((passed + 1))
    else
        printf 'FAILED: %s: wanted exit code %d, got %d\n' "$name" "$wanted" \
            "$got"
        grep -v ' ok$' "$work/out" | sed 's/^/    /'
        failed=$((failed + 1))
    fi
}

vectors=
for isa in avx2 avx512 avx512bf16; do
    if "$bin/cedm-gen" --bench --n 1 --steps 1 --isa $isa >/dev/null 2>&1; then
        vectors="$vectors $isa"
    else
        printf 'skipped: no %s here\n' $isa
    fi
done

# The address sanitizer looks at memory, whose uses are those of one way through a
# network, on the plain and the widest backend.
brief=
if [ "${SAN-}" = address,undefined ]; then
    brief=yes
    vectors=${vectors##* }
fi

# The portable backend ignores the way of convolutions, and float16 weights
# are expanded before it sees them.  So it has no part in Winograd, and whole
# runs, which take it most of the time, are of float32 weights.
compare() { # NAME, GOLDEN FILE, TYPE OF WEIGHTS, WAY OF CONVOLUTIONS, ISAS
    "$bin/cedm-freeze" "$golden/$1.safetensors" -o "$work" --name model \
        --weights "$3" --cpu-conv "$4" --build >/dev/null || exit 1
    model=$work/model.so
    for isa in $5; do
        verify 0 "$1 $3 $4 denoise $isa" --model "$model" --golden "$2" \
            --isa $isa
        [ -z "$brief" ] || [ "$1" = ncsnpp-tiny ] || continue
        [ "$isa $3" != 'portable f16' ] && grep -aq '"samples"' "$2" &&
            verify 0 "$1 $3 $4 sample $isa" --model "$model" --golden "$2" \
                --mode sample --isa $isa
        parts=$golden/$1.activations.safetensors
        [ -f "$parts" ] &&
            verify 0 "$1 $3 $4 activations $isa" --model "$model" \
                --golden "$parts" --mode activations --isa $isa
    done
}

for file in "$golden"/*.golden.safetensors; do
    name=$(basename "$file" .golden.safetensors)
    [ -f "$golden/$name.safetensors" ] || continue
    compare "$name" "$file" f32 direct "portable $vectors"
    [ -z "$brief" ] || continue
    case $vectors in
    *avx512bf16*)
        verify 1 "$name avx512bf16 is not f32" --model "$model" \
            --golden "$file" --isa avx512bf16 --tolerance 2e-5
        ;;
    esac
    compare "$name" "$file" f32 winograd "$vectors"
    # A tolerance that float32 cannot meet must be missed: the comparison
    # compares something.
    verify 1 "$name denoise too strict" --model "$model" --golden "$file" \
        --tolerance 1e-12
    full=$(wc -c <"$work/model.cedm")
    compare "$name" "$file" f16 auto "portable $vectors"
    verify 1 "$name f16 is not f32" --model "$model" --golden "$file" \
        --tolerance 2e-5
    half=$(wc -c <"$work/model.cedm")
    if [ "$half" -lt $((full / 2 + 16384)) ]; then
        passed=$((passed + 1))
    else
        printf 'FAILED: %s: %d bytes as f16, %d as f32\n' "$name" "$half" \
            "$full"
        failed=$((failed + 1))
    fi
done

# The wrong weights must be noticed: one model's golden outputs with another
# model of the same shapes.
"$bin/cedm-freeze" "$golden/ddpmpp-tiny.safetensors" -o "$work" --name other \
    --build >/dev/null || exit 1
verify 1 'the golden file of another model' --model "$work/other.so" \
    --golden "$golden/ncsnpp-tiny.golden.safetensors"
verify 1 'modules of another model' --mode activations \
    --model "$work/other.so" \
    --golden "$golden/ncsnpp-tiny.activations.safetensors"

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
