#!/bin/sh
# SPDX-License-Identifier: MIT
#
# style.sh - what a reader's eye should not have to check: tabs, trailing
# blanks, invisible characters, line and file lengths, licence lines.
set -eu
if git rev-parse --git-dir >/dev/null 2>&1; then
    list=$(git ls-files)
else
    list=$(find . -type f -not -path './build*' | sed 's|^\./||')
fi

printf '%s\n' "$list" | awk '
function fail(text) { print file ":" line ": " text; bad = 1 }
function generated(name) {
    return name ~ /^weights\/.*\.(c|h|map)$/ || name ~ /^tests\/gen\/golden\//
}
{
    file = $0
    c = file ~ /\.([chS]|cuh?|[ch]pp)$/
    script = file ~ /\.(sh|py|m?js|css|html)$/ || file ~ /^\.ci\// || file ~ /(^Makefile|\.mk)$/
    if (!c && !script && file !~ /\.md$/) {
        next
    }
    files++
    line = 0
    spdx = 0
    while ((getline text < file) > 0) {
        line++
        if (text ~ /[ \t\r]$/) fail("blank at the end of the line")
        if (c && text ~ /\t/) fail("tab")
        if (c && text ~ /[^ -~\t]/) fail("not plain ASCII")
        if (c && !generated(file) && length(text) > 80) fail("over 80 columns")
        if (script && length(text) > 100) fail("over 100 columns")
        if (line <= 3 && text ~ /SPDX-License-Identifier: MIT/) spdx = 1
    }
    close(file)
    if ((c || script) && !spdx && !generated(file)) fail("no SPDX line in the first three")
    if (c && !generated(file) && line > 600) fail("over 600 lines")
    command = "tail -c 1 \"" file "\" | od -An -tx1"
    command | getline last
    close(command)
    if (last !~ /0a/) fail("no newline at the end of the file")
}
END {
    if (files < 20) { print "only " files + 0 " files found"; exit 1 }
    if (!bad) print "style: " files " files"
    exit bad
}'
