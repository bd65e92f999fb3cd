# SPDX-License-Identifier: MIT
#
# D1: compilers and options whose arithmetic is not that of IEEE 754.
cc() { # OPTIONS...: of the runtime's elementary functions
    "${CC:-gcc}" -std=c11 -ffreestanding -isystem "$root/tests/bare/include" -I"$root" \
        -I"$root/include" "$@" -c "$root/runtime/fmath.c" -o fmath.o
}
row 'CFLAGS=-O2' '0 ' "$(cc -O2 2>err; echo "$? $(cat err)")"
for option in -Ofast -ffast-math -ffinite-math-only; do
    row "CFLAGS=$option" '*needs exact IEEE 754 arithmetic*' "$(cc $option 2>&1 | grep error)"
done
case $(${CC:-gcc} -dumpmachine) in
x86_64-*)
    row '32-bit x86 with the x87' '*add -msse2 -mfpmath=sse to CFLAGS*' \
        "$(cc -m32 -mfpmath=387 2>&1 | grep -A1 error)"
    row 'with SSE2' '0 ' "$(cc -m32 -msse2 -mfpmath=sse 2>err; echo "$? $(cat err)")"
    ;;
esac
