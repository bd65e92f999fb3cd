#!/bin/sh
# SPDX-License-Identifier: MIT
#
# symbols.sh - what the libraries need and offer, as the linker sees it:
# the runtime needs mem* at most, all of its symbols start with cedm_, it has
# no mutable data; no library can end the program, print or read the
# environment.
set -eu
build=${BUILD:-build}
bad=0
make --no-print-directory lint-objects >/dev/null
runtime=$build/lint/lib/libcedm.a
models=$(ls "$build"/lint/obj/weights/*.o 2>/dev/null || true)

fail() {
    echo "$1:"
    printf '%s\n' "$2" | sed 's/^/    /'
    bad=1
}

# The optimised PIC build that is shipped and the lint build may differ in
# what the compiler calls, so both are read.
for library in "$build/lib/libcedm.a" "$runtime"; do
    nm -P "$library" | awk 'NF >= 2 && $2 != "U" && $2 ~ /[A-Z]/ { print $1 }' |
        sort -u >"$build/check/defined"
    needed=$(nm -P "$library" | awk '$2 == "U" { print $1 }' | sort -u |
        comm -23 - "$build/check/defined" |
        grep -vxE 'memcpy|memmove|memset|memcmp|_GLOBAL_OFFSET_TABLE_' || true)
    [ -z "$needed" ] || fail "$library needs more than mem*" "$needed"
    names=$(grep -v '^cedm_' "$build/check/defined" || true)
    [ -z "$names" ] || fail "$library: names without cedm_" "$names"
done
count=$(wc -l <"$build/check/defined")
[ "$count" -ge 20 ] || fail "$runtime" "only $count symbols"

for object in $models; do
    needed=$(nm -P "$object" | awk '$2 == "U" { print $1 }')
    [ -z "$needed" ] || fail "$object needs symbols" "$needed"
    names=$(nm -P "$object" |
        awk '$2 != "U" && $2 ~ /[A-Z]/ && $1 !~ /^cedm_/ { print $1 }')
    [ -z "$names" ] || fail "$object: names without cedm_" "$names"
done

# Position-independent code keeps const tables of pointers in .data.rel.ro,
# which is why this is asked of a build without it.
mutable=$(size -A "$runtime" $models |
    awk '/:$/ || / +\(ex / { file = $1 }
        $1 ~ /^\.(data|bss|tdata|tbss)/ && $2 > 0 { print file, $1, $2 }')
[ -z "$mutable" ] || fail "mutable globals" "$mutable"
common=$(nm -P "$runtime" | awk '$2 == "C"')
[ -z "$common" ] || fail "common symbols" "$common"

forbidden='exit|_exit|_Exit|quick_exit|abort|printf|vprintf|puts|putchar'
forbidden="$forbidden|perror|getenv|secure_getenv|system|stdout|stderr"
for library in "$runtime" "$build/lib/libcedmgen.a" \
    "$build/lib/libcedmcluster.a"; do
    calls=$(nm -A -P "$library" | awk '$3 == "U" { print $1, $2 }' |
        grep -E " ($forbidden)$" || true)
    [ -z "$calls" ] || fail "$library calls" "$calls"
done

[ "$bad" -eq 0 ] && echo "symbols: $count of the runtime, mem* needed at most"
exit "$bad"
