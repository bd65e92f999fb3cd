#!/bin/sh
# SPDX-License-Identifier: MIT
#
# readme.sh - the README shows examples/embed.c as it is, and the program
# draws something.
set -eu
build=${BUILD:-build}
mkdir -p "$build/check"
awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md \
    >"$build/check/readme.c"
diff -u examples/embed.c "$build/check/readme.c" ||
    { echo "README.md: its program is not examples/embed.c"; exit 1; }

"$build/examples/embed" >"$build/check/embed.pgm"
head -c 2 "$build/check/embed.pgm" | grep -q '^P5' ||
    { echo "embed: no PGM"; exit 1; }
size=$(wc -c <"$build/check/embed.pgm")
levels=$(tail -c 1024 "$build/check/embed.pgm" | od -An -v -tu1 -w1 |
    sort -u | wc -l)
if [ "$levels" -lt 16 ]; then
    echo "embed: only $levels grey levels in the image"
    exit 1
fi
echo "readme: embed.c is shown as it is; its image has $size bytes," \
    "$levels levels"
