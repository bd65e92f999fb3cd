#!/bin/sh
# SPDX-License-Identifier: MIT
#
# neon.sh - the runtime on an emulated 64-bit Arm.  It must give the bits of
# the host: of every op in every case of tests/ops (whose own checks run on
# the host), and of sampled images; the portable backend with its float64
# state, and the vectors, each image in a batch of its own with three
# workers.  Where the host has no vectors, NEON's ops are compared with plain
# C instead, within the tolerance of tests/ops.
. tests/bare/lib.sh

for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || skip "no $tool on this machine"
done

work=$build/neon
freeze "$work"
mkdir -p "$work/host" "$work/arm"
warnings='-Wall -Wextra -Werror'

# programs FOLDER CC LINK-FLAGS: draw, bits and the demo of examples/
programs() {
    image "$1" "$2" '' "$3"
    "$2" -std=c11 -O2 -ffp-contract=off $warnings -D_POSIX_C_SOURCE=200809L \
        -I$here/cross -I. -Iinclude $here/bits.c \
        tests/ops/cases.c tests/ops/place.c tests/ops/op_stage.c \
        tests/ops/twin.c "$1/lib/libcedm.a" $3 -lm -lpthread -o "$1/bits"
    "$2" -std=c11 -O2 $warnings -Iinclude -Iweights -Wa,-Iweights \
        examples/embed.c weights/fashion.c weights/fashion_blob.S \
        "$1/lib/libcedm.a" $3 -o "$1/embed"
}
hosted "$work/host"
programs "$work/host" gcc ''
runtime "$work/arm" aarch64-linux-gnu-gcc aarch64-linux-gnu-ar ''
programs "$work/arm" aarch64-linux-gnu-gcc -static

vectors=$(aarch64-linux-gnu-objdump -d "$work/arm/lib/libcedm.a" |
    grep -cE 'f(add|mul)[[:blank:]]+v[0-9]+\.4s')
[ "$vectors" -gt 50 ] || { echo "only $vectors vector operations"; exit 1; }

"$work/host/draw" >"$work/host/draw.raw"
qemu-aarch64 "$work/arm/draw" >"$work/arm/draw.raw"
cmp "$work/host/draw.raw" "$work/arm/draw.raw"

"$work/host/bits" portable >"$work/host/portable.txt"
qemu-aarch64 "$work/arm/bits" portable >"$work/arm/portable.txt"
diff "$work/host/portable.txt" "$work/arm/portable.txt"
cases=$(wc -l <"$work/arm/portable.txt")
[ "$cases" -gt 30 ] || { echo "only $cases cases"; exit 1; }

"$work/host/bits" vector >"$work/host/vector.txt"
if cmp -s "$work/host/vector.txt" "$work/host/portable.txt"; then
    aarch64-linux-gnu-gcc -std=c11 -O2 -ffp-contract=off $warnings \
        -D_POSIX_C_SOURCE=200809L -I$here/cross -I. -Iinclude \
        tests/ops/*.c "$work/arm/lib/libcedm.a" -static -lm -lpthread \
        -o "$work/arm/ops_test"
    qemu-aarch64 "$work/arm/ops_test" 'neon * portable'
    with="plain C within a tolerance"
else
    qemu-aarch64 "$work/arm/bits" vector alone >"$work/arm/vector.txt"
    diff "$work/host/vector.txt" "$work/arm/vector.txt"
    "$work/host/embed" >"$work/host/embed.pgm"
    qemu-aarch64 "$work/arm/embed" >"$work/arm/embed.pgm"
    cmp "$work/host/embed.pgm" "$work/arm/embed.pgm"
    with="the host's bits, also of the demo's image"
fi

echo "neon: portable: the host's bits, of an image and of $cases cases;" \
    "vectors: $with; $vectors vector operations in libcedm.a"
