#!/bin/bash
# SPDX-License-Identifier: MIT
#
# golden.sh - every reference pair, frozen, compiled and compared in every mode
# that it has, on the portable backend and on the fastest one.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$(cd "${BIN:-$root/build/bin}" && pwd) || exit 1
golden=$root/tests/golden
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed=0
failed=0
check() { # NAME COMMAND...
    local label=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        passed=$((passed + 1))
        printf '%s: %s\n' "$label" "$(tail -n 1 "$work/out")"
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$label"
        sed 's/^/    /' "$work/out"
    fi
}

for file in "$golden"/*.golden.safetensors; do
    name=$(basename "$file" .golden.safetensors)
    check "$name freezes" "$bin/cedm-freeze" "$golden/$name.safetensors" \
        -o "$work/$name" --name net --build
    for isa in avx2 portable; do
        for mode in denoise sample activations; do
            pair=$file
            if [ $mode = activations ]; then
                pair=$golden/$name.activations.safetensors
                [ -f "$pair" ] || continue
            elif [ $mode = sample ]; then
                grep -aq '"samples"' "$pair" || continue
            fi
            check "$name $mode $isa" "$bin/cedm-verify" \
                --model "$work/$name/net.so" --golden "$pair" --mode $mode \
                --isa $isa
        done
    done
done

# The comparison itself can fail: a limit below the rounding error of float32.
name=ddpmpp-tiny
check 'an impossible limit fails' bash -c "! '$bin/cedm-verify' \
    --model '$work/$name/net.so' --tolerance 1e-12 \
    --golden '$golden/$name.golden.safetensors'"
check 'the golden of another network fails' bash -c "! '$bin/cedm-verify' \
    --model '$work/$name/net.so' \
    --golden '$golden/ncsnpp-tiny.golden.safetensors'"

printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ]
