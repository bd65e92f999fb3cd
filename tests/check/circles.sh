#!/bin/sh
# SPDX-License-Identifier: MIT
#
# circles.sh - no circular calls: files that need each other are one file.
#
# A file needs another when its object needs a symbol that the other's object
# defines, whether it calls it or takes its address.  The objects of the normal
# build are read, those of libraries and of programs alike; a source compiled
# for several instruction sets is one file.  Headers need what they include.
set -eu
objects=${BUILD:-build}/obj
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folders='runtime codegen host trainer evaluate tools'

# FILE OTHER SYMBOL: file needs other for the symbol.  NAME.o and NAME.ISA.o
# were made of NAME.c or NAME.cu, those of the emulator as well; objects of
# sources that were moved away stay in the build's folder and are passed over.
find $folders \( -name '*.c' -o -name '*.cu' \) >"$work/sources"
find "$objects" -name '*.o' | sed "s|^$objects/||" |
    grep -E "^(emulated/)?($(echo $folders | tr ' ' '|'))/" >"$work/objects"
(cd "$objects" && xargs nm -A -P <"$work/objects") >"$work/symbols"
awk -v sources="$work/sources" '
    function source_of(object) {
        sub(/:$/, "", object)
        sub(/^emulated[/]/, "", object)
        sub(/[.]o$/, "", object)
        if (!(object in is_source)) sub(/[.][a-z0-9]+$/, "", object)
        return is_source[object]
    }
    BEGIN {
        while ((getline line < sources) > 0) {
            name = line
            sub(/[.]cu?$/, "", name)
            is_source[name] = line
        }
    }
    {
        source = source_of($1)
        if (source == "") next
        if ($3 == "U") needs[++n] = source " " $2
        else if ($3 ~ /[A-Z]/ && !seen[source, $2]++) {
            defines[$2] = defines[$2] " " source
        }
    }
    END {
        for (i = 1; i <= n; i++) {
            split(needs[i], field, " ")
            count = split(defines[field[2]], file, " ")
            for (k = 1; k <= count; k++) print field[1], file[k], field[2]
        }
    }' "$work/symbols" >"$work/arrows"
find include $folders -name '*.h' -o -name '*.cuh' | xargs awk '
    /^ *# *include "/ { split($0, part, "\""); print FILENAME, part[2], "#include" }
    ' | sed 's| \(cedm[a-z_]*[.]h\) | include/\1 |' >>"$work/arrows"

sort -u "$work/arrows" | awk '
# Tarjan: files of a circle leave the stack together.
function visit(file,    n, other, i, size, circle) {
    number[file] = low[file] = ++count
    stack[++height] = file
    waiting[file] = 1
    n = split(needs[file], other, " ")
    for (i = 1; i <= n; i++) {
        if (!(other[i] in number)) {
            visit(other[i])
            if (low[other[i]] < low[file]) low[file] = low[other[i]]
        } else if (waiting[other[i]] && number[other[i]] < low[file])
            low[file] = number[other[i]]
    }
    if (low[file] < number[file]) return
    do {
        other[1] = stack[height--]
        waiting[other[1]] = 0
        member[other[1]] = file
        size++
    } while (other[1] != file)
    if (size > 1) { circles++; head[circles] = file; length_of[circles] = size }
}
$1 != $2 {
    if (!(($1, $2) in why)) { needs[$1] = needs[$1] " " $2; arrow[++arrows] = $1 " " $2 }
    why[$1, $2] = why[$1, $2] " " $3
    files[$1]; files[$2]
}
END {
    for (file in files) { total++; if (!(file in number)) visit(file) }
    for (i = 1; i <= circles; i++) {
        print "a circle of " length_of[i] " files:"
        for (k = 1; k <= arrows; k++) {
            split(arrow[k], end, " ")
            if (member[end[1]] == head[i] && member[end[2]] == head[i])
                print "    " end[1] " needs " end[2] ":" why[end[1], end[2]]
        }
    }
    if (total < 200) {
        print "only " total + 0 " files found; build first, run this in the root"
        exit 1
    }
    if (!circles) print "circles: none among " total " files, " arrows " arrows"
    exit circles > 0
}'
