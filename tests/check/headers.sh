#!/bin/sh
# SPDX-License-Identifier: MIT
#
# headers.sh - every public header and every model's header compiles alone,
# as C99, C11 and C++11, without a warning, with each compiler at hand; that
# for C++ as C++17 and C++20, with exceptions and without.
set -eu
bad=0
count=0
flags='-Wall -Wextra -Wpedantic -Wconversion -Wundef -Werror -fsyntax-only'

compile() { # COMPILER LANGUAGE STANDARD HEADER
    command -v "$1" >/dev/null || return 0
    count=$((count + 1))
    if ! printf '#include "%s"\n#include "%s"\n' \
        "$(basename "$4")" "$(basename "$4")" |
        "$1" -x "$2" -std="$3" $flags -Iinclude -Iweights -; then
        echo "$4: not as $3 with $1"
        bad=1
    fi
}

for header in include/*.h weights/*.h; do
    [ -f "$header" ] || continue
    for compiler in gcc clang; do
        compile $compiler c c99 "$header"
        compile $compiler c c11 "$header"
    done
    for compiler in g++ clang++; do
        compile $compiler c++ c++11 "$header"
    done
done
for compiler in g++ clang++; do
    compile $compiler c++ c++17 include/cedm.hpp
    compile $compiler c++ c++20 include/cedm.hpp
    flags="$flags -fno-exceptions -fno-rtti" compile $compiler c++ c++17 include/cedm.hpp
done
if [ "$count" -eq 0 ]; then
    echo "nothing was compiled"
    exit 1
fi
[ "$bad" -eq 0 ] && echo "headers: $count compilations without a warning"
exit "$bad"
