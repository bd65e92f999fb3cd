#!/bin/bash
# SPDX-License-Identifier: MIT
#
# full_size.sh - the published networks at full size, with random weights:
# they freeze in little more memory than their file, their plan meets its
# bound, and they sample in the regions that cedm-info prints.
#
#   full_size.sh        the network of the paper's CIFAR-10
#   full_size.sh all    four architectures; takes about 2.5 GB of disk and 2.5 GB
#                       of memory (tests/unit/shapes_test.c has their tensors)
set -u

. "$(dirname "$0")/checks.bash"

is() { # NAME GOT WANTED
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s: wanted %s, got %s\n' "$1" "$3" "$2"
    fi
}
macro() { # NAME: its value in the generated header
    sed -n "s/^#define NET_$1 \([0-9]*\)u.*/\1/p" "$work/net/net.h"
}
succeeds() { # NAME COMMAND...
    name=$1
    shift
    "$@" >"$work/out" 2>"$work/err"
    is "$name" $? 0
    sed 's/^/    /' "$work/err" | head -n 3
}
within() { # KIB COMMAND...: of address space
    (ulimit -v "$1" && shift && exec "$@")
}

# network CONFIG PARAMETERS MACS ACTIVATIONS(elements) SIZE CHANNELS CLUSTER
network() {
    rm -rf "$work/net"
    succeeds "$1 is written" "$bin/synth" "$root/tests/synth/$1.json" \
        "$work/net.safetensors"
    # The mapped file, 96 MB for program and libraries.
    kib=$(($(wc -c <"$work/net.safetensors") / 1024 + 98304))
    start=$(date +%s)
    succeeds "$1 freezes within $kib KiB" within $kib "$bin/cedm-freeze" \
        "$work/net.safetensors" -o "$work/net" --name net
    seconds=$(($(date +%s) - start))
    is "$1 parameters" "$(awk '$1 == "parameters" { print $2 }' \
        "$work/out")" "$2"
    is "$1 multiply-adds" "$(awk '$1 == "work" { print $2 }' \
        "$work/out")" "$3"
    is "$1 activations" "$(macro ACT_ELEMENTS)" "$4"
    is "$1 plan meets its bound" "$(awk '$1 == "activations" && \
        $2 == $3 { print $4 }' "$work/net/net.map")" 0.00%
    succeeds "$1 compiles" "${CC:-cc}" -std=c11 -O1 -fPIC -shared \
        -DCEDM_MODEL_SHARED -I"$root/include" "$work/net/net.c" \
        -o "$work/net/net.so"
    rm "$work/net.safetensors"
    # Blob, weights and arena, 32 MB for program and libraries.
    kib=$("$bin/cedm-info" "$work/net/net.so" | awk '
        $1 ~ /^(blob|weights|arena),$/ { sum += $(NF - 1) }
        END { printf "%d", sum / 1024 + 32768 }')
    succeeds "$1 samples within $kib KiB" within $kib "$bin/cedm-gen" \
        --model "$work/net/net.so" --cluster "$7" --n 1 --batch 1 --threads 1 \
        --device cpu --steps 1 --format raw --out "$work/net.raw"
    is "$1 image" "$(wc -c <"$work/net.raw")" $(($5 * $5 * $6))
    printf '%s: frozen in %d s, %d KiB of activations an image\n' "$1" \
        "$seconds" $(($(macro ACT_ELEMENTS) / 256))
}

network cifar10-c100 55746819 21190227584 1769472 32 3 99
if [ "${1-}" != all ]; then
    printf '%d passed, %d failed\n' $passed $failed
    [ $failed -eq 0 ]
    exit
fi
network ffhq64 61805571 41861448832 4980736 64 3 none
network ncsnpp-cifar-c100 56423683 21389400320 1769472 32 3 7
network adm-imagenet64 295899267 109657552896 6684672 64 3 999

printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ]
