#!/bin/sh
# SPDX-License-Identifier: MIT
#
# m7.sh - the runtime on an emulated Cortex-M7 with nothing under it draws
# what the portable backend draws on the host, image and state byte for byte:
# with the state in float64, as on hosts, and in float32, which small targets
# may choose to halve the sampler's memory.  Both are drawn because the first
# ties the target to every other machine, and the second is a build option
# that nothing else would try.
. tests/bare/lib.sh

for tool in arm-none-eabi-gcc qemu-system-arm; do
    command -v $tool >/dev/null || skip "no $tool on this machine"
done

work=$build/bare
freeze "$work"

target="-mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard -fno-pic"
target="$target -ffunction-sections -fdata-sections"
target="$target -isystem $PWD/$here/include"

# m7 FOLDER STATE-FLAG: FOLDER/m7.raw, drawn there
m7() {
    runtime "$1/m7" arm-none-eabi-gcc arm-none-eabi-ar "$target $2"
    arm-none-eabi-gcc -std=c11 -O2 -ffreestanding -ffp-contract=off -Wall \
        -Wextra -Werror -fno-tree-loop-distribute-patterns $target $2 \
        -I. -Iinclude -I"$work" -Wa,-I"$work" -nostdlib -static \
        -Wl,--gc-sections,-z,noexecstack -T $here/m7.ld $here/m7.c \
        $here/mem.c $here/draw.c $here/blob.S "$work/tiny.c" \
        "$1/m7/lib/libcedm.a" -lgcc -o "$1/m7.elf"
    rm -f "$1/m7.raw"
    (cd "$1" && timeout 300 qemu-system-arm -machine mps2-an500 -nographic \
        -monitor none -serial none -semihosting-config \
        enable=on,target=native -kernel m7.elf 2>&1)
}

for state in f64 f32; do
    flag=
    [ $state = f64 ] || flag=-DCEDM_STATE_F32
    folder=$work/$state
    mkdir -p "$folder/host"
    if [ $state = f64 ]; then
        hosted "$folder/host"
    else
        runtime "$folder/host" gcc ar "$flag" ISAS= # it draws in plain C
    fi
    image "$folder/host" gcc "$flag" ''
    "$folder/host/draw" >"$folder/host.raw"
    echo "Cortex-M7, state $state:"
    m7 "$folder" "$flag"
    cmp "$folder/host.raw" "$folder/m7.raw"
done
if cmp -s -n 768 "$work/f64/m7.raw" "$work/f32/m7.raw"; then
    echo "note: both states give one image"
fi
echo "bare: the host's image and state, byte for byte"
