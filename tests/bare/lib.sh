# SPDX-License-Identifier: MIT
#
# lib.sh - what the scripts of this folder share: the tiny model, the runtime
# for a target, and the program that draws with it on an operating system.
set -eu
build=${BUILD:-build}
bin=${BIN:-$build/bin}
here=tests/bare

skip() {
    echo "skipped: $*"
    exit 77
}

# freeze WORK: the model in WORK/tiny.*
freeze() {
    mkdir -p "$1"
    "$bin/cedm-freeze" tests/golden/ncsnpp-tiny.safetensors -o "$1" \
        --name tiny --cpu-conv direct >/dev/null
}

# runtime FOLDER CC AR FLAGS VARIABLE...: FOLDER/lib/libcedm.a, for a target or
# with a flag
runtime() (
    folder=$1 cc=$2 ar=$3 flags=$4
    shift 4
    make --no-print-directory CC="$cc" AR="$ar" BUILD="$folder" OPT='-O2 -g' SAN= \
        WERROR=1 CFLAGS="$flags" "$@" "$folder/lib/libcedm.a" >/dev/null
)

# hosted FOLDER: FOLDER/lib/libcedm.a is the one that was built for the host
hosted() {
    mkdir -p "$1/lib"
    cp "$build/lib/libcedm.a" "$1/lib"
}

# image FOLDER CC FLAGS LINK-FLAGS: the program FOLDER/draw; $work has the
# model
image() {
    "$2" -std=c11 -O2 -ffp-contract=off $3 -Wall -Wextra -Werror -I. -Iinclude \
        -I"$work" -Wa,-I"$work" $here/host.c $here/draw.c $here/blob.S \
        "$work/tiny.c" "$1/lib/libcedm.a" $4 -o "$1/draw"
}
