#!/bin/sh
# SPDX-License-Identifier: MIT
#
# neon.sh - the portable backend on an emulated 64-bit Arm, where compilers
# turn its four lanes into NEON.  It must give the bits of the host: of every
# op in every case of tests/ops (whose own checks run on the host), and of a
# sampled image with its float64 state.
. tests/bare/lib.sh

for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || skip "no $tool on this machine"
done

work=$build/neon
freeze "$work"
mkdir -p "$work/host" "$work/arm"
warnings='-Wall -Wextra -Werror'

# programs FOLDER CC AR LINK-FLAGS CMOCKA-FOLDER: draw and bits
programs() {
    runtime "$1" "$2" "$3" ''
    image "$1" "$2" '' "$4"
    "$2" -std=c11 -O2 -ffp-contract=off $warnings -D_POSIX_C_SOURCE=200809L \
        -I$here/cross -Iinclude -Iruntime -Itests/ops $here/bits.c \
        tests/ops/cases.c tests/ops/place.c tests/ops/stage.c \
        tests/ops/twin.c "$1/lib/libcedm.a" $4 -lm -lpthread -o "$1/bits"
}
programs "$work/host" gcc ar ''
programs "$work/arm" aarch64-linux-gnu-gcc aarch64-linux-gnu-ar -static

vectors=$(aarch64-linux-gnu-objdump -d "$work/arm/lib/libcedm.a" |
    grep -cE 'f(add|mul)[[:blank:]]+v[0-9]+\.4s')
[ "$vectors" -gt 50 ] || { echo "only $vectors vector operations"; exit 1; }

"$work/host/draw" >"$work/host/draw.raw"
qemu-aarch64 "$work/arm/draw" >"$work/arm/draw.raw"
cmp "$work/host/draw.raw" "$work/arm/draw.raw"

"$work/host/bits" >"$work/host/bits.txt"
qemu-aarch64 "$work/arm/bits" >"$work/arm/bits.txt"
diff "$work/host/bits.txt" "$work/arm/bits.txt"
cases=$(wc -l <"$work/arm/bits.txt")
[ "$cases" -gt 30 ] || { echo "only $cases cases"; exit 1; }

echo "neon: the host's bits, of an image and of $cases cases;" \
    "$vectors vector operations in libcedm.a"
