#!/bin/sh
# SPDX-License-Identifier: MIT
#
# extending.sh - docs/EXTENDING.md names the files that an addition touches:
# all that it names exist, for the example of each list, and all that have to
# do with the example are named.
set -eu
page=docs/EXTENDING.md
bad=0
count=0

# section TITLE: its text.
section() {
    awk -v title="## $1" '$0 == title { inside = 1; next } /^## / { inside = 0 } inside' $page
}

# named TITLE EXAMPLE: paths in backquotes, NAME replaced.
named() {
    section "$1" | grep -o '`[^`]*/[^`]*`\|`README.md`' | tr -d '`' | sed "s|NAME|$2|g" | sort -u
}

# exist TITLE EXAMPLE: what is named is there.
exist() {
    named "$1" "$2" >"$work/named"
    [ -s "$work/named" ] || { echo "$page: $1 names no file"; bad=1; }
    while read -r path; do
        count=$((count + 1))
        [ -e "$path" ] || { echo "$page: $1: there is no $path"; bad=1; }
    done <"$work/named"
}

# all_named TITLE EXAMPLE PATTERN FOLDER...: what matches there is named, by
# itself or with its folder.
all_named() {
    exist "$1" "$2"
    title=$1
    pattern=$3
    shift 3
    find "$@" -type f \( -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh' -o -name '*.mk' \) \
        -not -path 'tests/gen/golden/*' -exec grep -lE "$pattern" {} + | sort >"$work/found"
    [ -s "$work/found" ] || { echo "no file has $pattern"; bad=1; }
    while read -r path; do
        grep -qxF "$path" "$work/named" || grep -qxF "$(dirname "$path")/" "$work/named" ||
            { echo "$page: $title: $path belongs to it, and is not named"; bad=1; }
    done <"$work/found"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
op='cedm_(op_|size_)?attention\b|CG_OP_attention|CG_ATTENTION\b|u\.attention\b'
all_named 'An op' attention "$op|place_attention|RUN\(attention" \
    include runtime codegen trainer tests bench
all_named 'An architecture' dhariwal '[dD]hariwal' include runtime codegen trainer host tools
all_named 'An instruction set' neon '\bneon\b|__aarch64__' \
    include runtime codegen trainer host tools mk/flags.mk
all_named 'An instruction set' simd128 '\bsimd128\b|__wasm(_simd128)?__' \
    include runtime codegen trainer host tools mk/flags.mk
exist 'A solver' ipndm
exist 'A program' verify
[ "$bad" -eq 0 ] && echo "extending: $count files of five lists"
exit "$bad"
