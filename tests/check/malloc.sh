#!/bin/sh
# SPDX-License-Identifier: MIT
#
# malloc.sh - the example samples an image while every allocation aborts, and
# prints the same image as without that guard.
set -eu
build=${BUILD:-build}
plain=$("$build/examples/embed" | cksum)
guarded=$("$build/test/embed_nomalloc" | cksum)
if [ "$plain" != "$guarded" ]; then
    echo "the image differs: $plain and $guarded"
    exit 1
fi

# The guard itself: printing before sampling allocates stdio's buffer.
work=$build/check/nomalloc
mkdir -p "$work"
cat >"$work/early.c" <<'EOF'
#include <stdio.h>
#include "cedm.h"
cedm_status cedm_sample_images(const cedm_sampler *s, unsigned char *out);
cedm_status cedm_sample_images(const cedm_sampler *s, unsigned char *out)
{
    return s || out ? CEDM_E_NULL : CEDM_OK;
}
int main(void)
{
    puts("too early");
    return (int)cedm_sample_images(0, 0);
}
EOF
${CC:-gcc} -Iinclude -Wl,--wrap=cedm_sample_images "$work/early.c" \
    "$build/obj/tests/check/nomalloc.o" -o "$work/early"
status=0
"$work/early" >/dev/null 2>&1 || status=$?
if [ "$status" -ne 99 ]; then
    echo "the guard let an early allocation pass (exit $status)"
    exit 1
fi
echo "malloc: no allocation from main to the finished image"
