#!/bin/sh
# SPDX-License-Identifier: MIT
#
# abi.sh [write] - what programs that were linked with libcedm.so rely on is
# what packaging/libcedm.abi says: its symbols and their versions, and of the
# public headers every function, number and structure with sizes and offsets.
#
# write (make abi) notes what was added.  What is lost or changed is refused
# there, too, until the SONAME is another one: see packaging/libcedm.map.
set -eu
build=${BUILD:-build}
list=packaging/libcedm.abi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $(${CC:-gcc} -dumpmachine) in
x86_64-*linux-gnu*) ;;
*)
    echo "skipped: sizes are noted for x86-64"
    exit 77
    ;;
esac

# declarations FOLDER: the headers there without comments, one line each
declarations() {
    ${CC:-gcc} -E -P -I"$1" "$1/cedm_cuda.h" | tr '\n' ' ' | tr -s ' '
}

# layouts FOLDER: one line for each structure, member and number
layouts() {
    declarations "$1" | awk -f tests/check/abi_layout.awk >"$work/layout.c"
    ${CC:-gcc} -std=c11 -I"$1" "$work/layout.c" -o "$work/layout"
    "$work/layout"
}

# functions FOLDER: without the names of parameters
functions() {
    declarations "$1" | sed 's/{[^}]*}//g' | tr ';' '\n' |
        grep -E '^ *[a-z].*[ *]cedm_[a-z0-9_]+ ?\(' | grep -v typedef |
        sed 's/\([ *]\)[A-Za-z0-9_]*\([,)]\)/\1\2/g
            s/ \([,)]\)/\1/g; s/ *(/(/; s/^ */function /'
}

symbols() {
    nm -D --defined-only --with-symbol-versions "$build"/lib/libcedm.so.* |
        awk '$2 == "T" { sub(/@@?/, " ", $3); print "symbol", $3 }'
}

# what FOLDER: all of it
what() {
    echo "soname $(basename "$build"/lib/libcedm.so.*)"
    {
        symbols
        functions "$1"
        layouts "$1"
    } | LC_ALL=C sort
}

# lost: lines of the list that are no longer true
lost() {
    grep -vxFf "$work/now" "$list" >"$work/lost"
}

what include >"$work/now"
count=$(grep -c '^member ' "$work/now")
[ "$count" -gt 150 ] || { echo "only $count members in include/"; exit 1; }

if [ "${1-}" = write ]; then
    if [ -e "$list" ] && [ "$(head -n 1 "$list")" = "$(head -n 1 "$work/now")" ] && lost; then
        cat "$work/lost"
        echo "abi.sh: programs rely on this; give packaging/libcedm.map another number"
        echo "(or remove $list, if nothing was released with it)"
        exit 1
    fi
    cp "$work/now" "$list"
    echo "abi: $list has $(wc -l <"$list") lines"
    exit
fi

if ! diff "$list" "$work/now" >"$work/diff"; then
    grep '^[<>]' "$work/diff" | head -n 20
    echo "abi.sh: not (>) what $list says (<); see make abi"
    exit 1
fi

# What the header declares is what the library exports.
LC_ALL=C sed -n 's/^function .*[ *]\(cedm_[a-z0-9_]*\)(.*/\1/p' "$list" |
    grep -v '^cedm_cuda_' | sort >"$work/declared"
sed -n 's/^symbol \([a-z0-9_]*\) .*/\1/p' "$list" | sort | diff "$work/declared" - ||
    { echo "abi.sh: declared (<) is not exported (>)"; exit 1; }

# So it is of the library for GPUs, where it was built.
number=$(sed -n 's/^#define CEDM_CUDA_ABI //p' include/cedm_cuda.h)
if [ -e "$build/lib/libcedm_cuda.so.$number" ]; then
    sed -n 's/^function .*[ *]\(cedm_cuda_[a-z0-9_]*\)(.*/\1/p' "$list" |
        LC_ALL=C sort >"$work/declared"
    nm -D --defined-only --with-symbol-versions "$build/lib/libcedm_cuda.so.$number" |
        sed -n "s/.* T \(.*\)@@CEDM_CUDA_$number\$/\1/p" | LC_ALL=C sort |
        diff "$work/declared" - ||
        { echo "abi.sh: declared (<) is not exported (>) by libcedm_cuda.so"; exit 1; }
fi

# A member more, or one of another type, does not go unseen.
for edit in 's/^    const void \*data;/    uint32_t more;\n&/' \
    's/^    uint32_t n, step;/    int32_t n, step;/' 's/^    X(MORE, 1/    X(MORE, 2/' \
    's/^uint32_t cedm_crc32c/uint64_t cedm_crc32c/'; do
    rm -rf "$work/include"
    cp -r include "$work/include"
    sed -i "$edit" "$work/include/cedm.h"
    cmp -s include/cedm.h "$work/include/cedm.h" &&
        { echo "abi.sh: include/cedm.h has nothing for $edit"; exit 1; }
    what "$work/include" >"$work/now"
    lost || { echo "abi.sh: unseen: $edit"; exit 1; }
done
echo "abi: $(wc -l <"$list") lines, $count members of structures"
