#!/bin/bash
# SPDX-License-Identifier: MIT
#
# faults.sh - faults that use and attack have found, as one list: what was done,
# what was wanted, what is seen now.
#
#   faults.sh [NUMBER...]    all, or those of the scripts NUMBER.sh beside it
#
# A script has one or more rows; it runs in an empty folder of its own with
# $bin (the programs), $golden and $cases (inputs) set and rows.bash read.
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$(cd "${BIN:-$root/build/bin}" && pwd) || exit 1
export root bin golden=$root/tests/golden cases=$here/cases
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

numbers=("$@")
if [ $# -eq 0 ]; then
    mapfile -t numbers < <(cd "$here" && ls -- *.sh |
        sed -n 's/^\([A-Z][0-9]*\)\.sh$/\1/p' | sort -V)
fi
for number in "${numbers[@]}"; do
    mkdir "$work/$number"
    (
        cd "$work/$number" || exit
        . "$here/rows.bash"
        . "$here/$number.sh"
    ) </dev/null
    [ -s "$work/$number.rows" ] ||
        printf 'FAILED %-4s no row\n' "$number" | tee "$work/$number.rows"
done
cat "$work"/*.rows | awk '{ if ($1 == "ok") p++; else f++ }
    END { printf "%d passed, %d failed\n", p, f; exit f > 0 || p == 0 }'
