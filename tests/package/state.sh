#!/bin/bash
# SPDX-License-Identifier: MIT
#
# state.sh - a library whose sampler state is float32, installed: programs that
# take their flags from pkg-config or CMake draw with it, programs of the other
# kind are refused by the linker, or by the loader before they begin.
set -euo pipefail
. tests/package/checks.bash

fresh_install BUILD="$build" PREFIX="$work/f64"
fresh_install BUILD="$build/f32" PREFIX="$work/f32" CFLAGS=-DCEDM_STATE_F32

flags() { # STATE ARGUMENTS...: what its pkg-config says
    PKG_CONFIG_PATH=$work/$1/lib/pkgconfig pkg-config "${@:2}"
}
link() { # STATE OF-THE-LIBRARY MODULE PROGRAM
    "${CC:-gcc}" -std=c11 $(flags "$1" --cflags "$3") -Iweights -Wa,-Iweights \
        examples/embed.c weights/fashion.c weights/fashion_blob.S \
        $(flags "$2" --libs "$3") -o "$work/$4"
}
run() { # STATE PROGRAM
    LD_LIBRARY_PATH=$work/$1/lib "$work/$2"
}
draws() { # STATE PROGRAM
    run "$1" "$2" >"$work/$2.pgm"
}
# As far as images go both states solve the ODE equally well: a value that is
# at a boundary may be rounded to the other side.
near() { # PROGRAM PROGRAM
    cmp -l "$work/$1.pgm" "$work/$2.pgm" | awk '
        function number(octal) {
            return int(octal / 100) * 64 + int(octal / 10) % 10 * 8 + octal % 10
        }
        { d = number($2) - number($3); if (d < -1 || d > 1) bad++ }
        END { exit bad > 0 }'
}
# refused WHAT-IS-SAID COMMAND...
refused() {
    local said=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        echo 'it was not refused'
        return 1
    fi
    grep -q -- "$said" "$work/said" || { cat "$work/said"; return 1; }
}
other() { [ "$1" = f64 ] && echo f32 || echo f64; }
declare -A name=([f64]=cedm_net_init [f32]=cedm_net_init_f32)
declare -A version=([f64]=CEDM_1 [f32]=CEDM_1_F32)

for state in f64 f32; do
    for module in cedm cedm-static; do
        check "$state, $module: links" link $state $state $module $state-$module
        check "$state, $module: draws" draws $state $state-$module
        check "$state, $module: the linker refuses a library of the other state" \
            refused "undefined reference to \`${name[$state]}'" \
            link $state "$(other $state)" $module mixed
    done
    check "$state: the loader refuses it" refused "version \`${version[$state]}' not found" \
        run "$(other $state)" $state-cedm
done
check 'float32: shared and static draw the same' \
    cmp "$work/f32-cedm.pgm" "$work/f32-cedm-static.pgm"
check 'float32 draws what float64 does' near f64-cedm f32-cedm

# A function whose prototype has the state does not keep its name.
grep -o '^function.*cedm_real.*' packaging/libcedm.abi |
    sed 's/^function .*[ *]\(cedm_[a-z0-9_]*\)(.*/\1/' >"$work/names"
plain_names() { nm -D --defined-only "$work/f32/lib/libcedm.so" | grep -wFf "$work/names"; }
check 'there are such functions' test "$(wc -l <"$work/names")" -ge 2
check 'none has the name of the other state' test -z "$(plain_names)"

if command -v cmake >/dev/null; then
    mkdir "$work/project"
    cat >"$work/project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.13)
project(draw C ASM)
find_package(cedm 0.1 REQUIRED)
foreach(kind cedm static)
  add_executable(\${kind} $PWD/examples/embed.c $PWD/weights/fashion.c $PWD/weights/fashion_blob.S)
  target_include_directories(\${kind} PRIVATE $PWD/weights)
  target_compile_options(\${kind} PRIVATE \$<\$<COMPILE_LANGUAGE:ASM>:-Wa,-I$PWD/weights>)
  target_link_libraries(\${kind} cedm::\${kind})
endforeach()
END
    for state in f64 f32; do
        check "$state: CMake" cmake -S "$work/project" -B "$work/$state-cmake" \
            -DCMAKE_PREFIX_PATH="$work/$state"
        check "$state: CMake builds" cmake --build "$work/$state-cmake"
        for kind in cedm static; do
            check "$state: cedm::$kind draws" draws $state $state-cmake/$kind
            check "$state: the same" cmp "$work/$state-cedm.pgm" "$work/$state-cmake/$kind.pgm"
        done
    done
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
