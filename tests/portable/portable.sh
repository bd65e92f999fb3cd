#!/bin/sh
# SPDX-License-Identifier: MIT
#
# portable.sh TARGET - the runtime on another processor, C library or system,
# emulated where it must be, draws the host's image by the portable backend,
# 8 bits and float64 state, byte for byte, and where its processor is the
# host's the demo's image by the best one.  A big-endian processor is refused
# with its own status.
. tests/bare/lib.sh

target=$1
link=-static
flags=
run=
case $target in
i386) cc=i686-linux-gnu-gcc run=qemu-i386 ;;
armhf) cc=arm-linux-gnueabihf-gcc run=qemu-arm ;;
musl) cc=musl-gcc ;;
windows)
    cc=x86_64-w64-mingw32-gcc run=wine link='-static tests/portable/binary.c'
    export WINEDEBUG=-all
    ;;
# Without it s390x computes float in double, which runtime/ieee.h refuses.
big-endian) cc=s390x-linux-gnu-gcc run=qemu-s390x flags=-fexcess-precision=fast ;;
*)
    echo "portable.sh: wanted i386, armhf, musl, windows or big-endian, got '$target'"
    exit 2
    ;;
esac
command -v "$cc" >/dev/null || skip "no $cc on this machine"
case $cc in
musl-gcc) ar=ar ;;
*) ar=${cc%gcc}ar ;;
esac
work=$build/portable/$target
freeze "$work"

# blob NAME FILE: NAME_blob.c, in a form that every assembler takes
blob() {
    sed "s|@CEDM_NAME@|$1|g; s|@CEDM_BLOB@|$(realpath "$2")|" packaging/cmake/blob.c \
        >"$work/$1_blob.c"
}
# program CC LIBRARY FLAGS OUT SOURCE...
program() {
    compiler=$1 library=$2 extra=$3 out=$4
    shift 4
    $compiler -std=gnu11 -O2 -Wall -Wextra -Werror -I. -Iinclude -Iweights -I"$work" "$@" \
        "$library" $extra -o "$out"
}
# programs FOLDER CC LIBRARY FLAGS: draw and embed
programs() {
    mkdir -p "$1"
    program "$2" "$3" "$4" "$1/draw" tests/bare/host.c tests/bare/draw.c "$work/tiny.c" \
        "$work/tiny_blob.c"
    program "$2" "$3" "$4" "$1/embed" examples/embed.c weights/fashion.c "$work/fashion_blob.c"
}

blob tiny "$work/tiny.cedm"
blob fashion weights/fashion.cedm
runtime "$work/target" $cc $ar "$flags"
programs "$work/target" $cc "$work/target/lib/libcedm.a" "$flags $link"
WINEPREFIX=$(realpath "$work")/wine
export WINEPREFIX
[ -z "$run" ] || command -v $run >/dev/null || skip "linked, and no $run to run it"

if [ "$target" = big-endian ]; then
    if $run "$work/target/draw" >"$work/out" 2>"$work/message"; then
        echo "big-endian: it draws"
        exit 1
    fi
    grep 'little-endian' "$work/message" || { cat "$work/message"; exit 1; }
    exit
fi
programs "$work/host" "${CC:-gcc}" "$build/lib/libcedm.a" ''
draw() { # PROGRAM: the same of both?
    "$work/host/$1" >"$work/host/$1.out"
    $run "$work/target/$1$([ $target != windows ] || echo .exe)" >"$work/target/$1.out"
    cmp "$work/host/$1.out" "$work/target/$1.out"
}
draw draw
case $target in
musl | windows) draw embed ;;
esac
echo "$target: $($cc -dumpmachine) draws the host's bits"
