#!/bin/sh
# SPDX-License-Identifier: MIT
#
# stack.sh - every stack frame of the runtime and of generated code is below
# 4096 bytes, and no function reaches itself through direct calls.  gcc says
# "static" or, where arguments are pushed, "dynamic,bounded": both are sums
# of constants.
set -eu
build=${BUILD:-build}
limit=4096
make --no-print-directory lint-objects >/dev/null

find "$build/lint" -name '*.su' -exec cat {} + >"$build/check/frames"
frames=$(wc -l <"$build/check/frames")
if [ "$frames" -lt 50 ]; then
    echo "only $frames frames found"
    exit 1
fi
bad=$(awk -F '\t' -v limit=$limit '
    $2 >= limit { print $1 ": " $2 " bytes; wanted less than " limit }
    $3 == "dynamic" { print $1 ": its size is unbounded; wanted a constant" }
' "$build/check/frames")
if [ -n "$bad" ]; then
    printf '%s\n' "$bad"
    exit 1
fi

# gcc's call graph as pairs for tsort, which names the members of a loop.
# A call to itself is a pair of equals, which tsort would take for a name.
find "$build/lint" -name '*.ci' -exec cat {} + |
    sed -n 's/^edge: { sourcename: "\([^"]*\)" targetname: "\([^"]*\)".*/\1 \2/p' \
    >"$build/check/calls"
if [ "$(wc -l <"$build/check/calls")" -lt 50 ]; then
    echo "only a few calls found"
    exit 1
fi
self=$(awk '$1 == $2 { print $1 ": calls itself" }' "$build/check/calls")
loops=$(tsort "$build/check/calls" 2>&1 >/dev/null || true)
if [ -n "$self$loops" ]; then
    printf '%s\n' "$self" "$loops"
    exit 1
fi
largest=$(sort -t"$(printf '\t')" -k2,2nr "$build/check/frames" |
    sed -n '1s/^\([^\t]*\)\t\([0-9]*\).*/\2 bytes in \1/p')
echo "stack: $frames frames, the largest $largest; no recursion"
