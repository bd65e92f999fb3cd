#!/bin/sh
# SPDX-License-Identifier: MIT
#
# format.sh [write] - C sources are as clang-format 14 writes them, with the
# rules of .clang-format.  Generated files keep their emitter's form, public
# headers are laid out by hand as a manual, and inline PTX, which clang-format
# takes apart, keeps CUDA sources out.
set -eu
tool=$(command -v clang-format-14 || command -v clang-format || true)
if [ -z "$tool" ] || ! "$tool" --version | grep -q 'version 14\.'; then
    echo "skipped: no clang-format 14 on this machine"
    exit 77
fi
files=$(find runtime codegen host trainer evaluate cluster tools examples tests bench -type f \
    \( -name '*.[ch]' -o -name '*.cpp' \) -not -path 'tests/gen/golden/*' | sort)
if [ "${1-}" = write ]; then
    "$tool" -i $files
    exit
fi
if ! "$tool" --dry-run -Werror $files 2>/dev/null; then
    for file in $files; do
        "$tool" --dry-run -Werror "$file" 2>/dev/null ||
            echo "$file: not as make format writes it"
    done
    exit 1
fi
echo "format: $(printf '%s\n' "$files" | wc -l) files"
