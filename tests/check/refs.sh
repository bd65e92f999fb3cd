#!/bin/sh
# SPDX-License-Identifier: MIT
#
# refs.sh - a key in brackets in a comment or in a document is one that
# docs/REFERENCES.md explains, and every key there is used.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -n 's/^- \*\*\[\([A-Z0-9]*\)\]\*\*.*/\1/p' docs/REFERENCES.md |
    sort -u >"$work/known"

# A key is three or more capitals and digits, beginning with a capital; in C
# only comments are read, where a subscript would have to be such a word.
# Comments are cut out by their marks: no string here contains one.  Lines
# indented by four or more in a comment are examples of commands or code.
find include runtime codegen host trainer evaluate cluster tools examples bench tests docs -type f \
    \( -name '*.c' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' \
    -o -name '*.md' \) \
    -not -name REFERENCES.md | sort |
    while read -r file; do
        case $file in
        *.md) cat "$file" ;;
        *) awk '/^ \*    / { next } {
            rest = $0
            while (rest != "") {
                if (!inside) {
                    at = index(rest, "/*")
                    if (!at) break
                    rest = substr(rest, at + 2)
                    inside = 1
                }
                at = index(rest, "*/")
                if (!at) { print rest; break }
                print substr(rest, 1, at - 1)
                rest = substr(rest, at + 2)
                inside = 0
            }
        }' "$file" ;;
        esac | grep -oE '(^|[^]A-Za-z0-9_)])\[[A-Z][A-Z0-9]{2,}\]' |
            sed "s|.*\[\(.*\)\]|\1 $file|" || true
    done | sort -u >"$work/used"

bad=0
while read -r key file; do
    if ! grep -qx "$key" "$work/known"; then
        echo "$file: [$key] is not in docs/REFERENCES.md"
        bad=1
    fi
done <"$work/used"
while read -r key; do
    if ! grep -q "^$key " "$work/used"; then
        echo "docs/REFERENCES.md: [$key] is cited nowhere"
        bad=1
    fi
done <"$work/known"
[ -s "$work/known" ] || { echo "no keys in docs/REFERENCES.md"; exit 1; }
[ "$bad" -eq 0 ] && echo "refs: $(wc -l <"$work/known") sources," \
    "$(wc -l <"$work/used") citations"
exit "$bad"
