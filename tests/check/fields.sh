#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fields.sh - the members that codegen/op names are those of the headers, of
# the right kind, in order; a list from which any line is lost does not
# compile, nor does a runtime whose list of ops grew.
set -eu
work=${BUILD:-build}/check/fields
rm -rf "$work"
mkdir -p "$work"

# "type op member kind" in the order of the structures, of the headers.
awk '
/^typedef struct (cedm|cg)_[a-z0-9_]+ \{$/ { op = $3; inside = 1; next }
/^\}/ { inside = 0 }
inside {
    gsub(/\/\*.*\*\/|\/\*.*$|^.*\*\//, "")
    if ($0 !~ /;/) next
    type = $1
    line = $0
    sub(/^ *[a-z0-9_]+ */, "", line)
    sub(/;.*/, "", line)
    n = split(line, names, /, */)
    for (i = 1; i <= n; i++) {
        sub(/\[.*/, "", names[i])
        print op, names[i], type
    }
}' include/cedm_ops.h codegen/training.h >"$work/structs"

# The same of the lists.
awk '
/X\(T, [A-Z]+, [a-z0-9_]+\)/ {
    match($0, /X\(T, [A-Z]+, [a-z0-9_]+\)/)
    split(substr($0, RSTART + 5, RLENGTH - 6), part, ", ")
    kinds[++n] = part[1]
    members[n] = part[2]
}
/^CG_DEFINE_(OP|TRAINING)\(/ {
    prefix = /OP/ ? "cedm_" : "cg_"
    op = $0
    gsub(/^[^(]*\(|\).*$/, "", op)
    for (i = 1; i <= n; i++) print prefix op, members[i], kinds[i]
    n = 0
}' codegen/op/*.c >"$work/lists"
count=$(wc -l <"$work/lists")
[ "$count" -gt 100 ] || { echo "only $count members in codegen/op"; exit 1; }

# A kind for each type: numbers, floats, tensors, weights.
awk '
NR == FNR {
    if (!($1 in first)) { first[$1] = 1; order[$1] = "" }
    order[$1] = order[$1] " " $2
    type[$1, $2] = $3
    next
}
{
    wanted["uint32_t"] = "ID|COUNT|ACT|POST|ALGORITHM|MODE|POOL|SLICE"
    wanted["float"] = "REAL"
    wanted["cedm_ref"] = "READ|WRITTEN"
    wanted["cedm_weight"] = "WEIGHT"
    listed[$1] = listed[$1] " " $2
    if ($3 == "WRITTEN" || ($3 == "WEIGHT" && $1 ~ /_(weight|grad)$/)) writes[$1] = 1
    kind = type[$1, $2]
    if (("|" wanted[kind] "|") !~ ("[|]" $3 "[|]")) {
        print $1 "." $2 " is a " kind ", and named as " $3
        bad = 1
    }
}
END {
    for (op in listed) {
        if (listed[op] != order[op]) {
            print op ": named are" listed[op] ";\n    the structure has" order[op]
            bad = 1
        }
        if (!writes[op]) { print op ": writes nothing"; bad = 1 }
    }
    exit bad
}' "$work/structs" "$work/lists"

compiles() { # FILE INCLUDE
    ${CC:-gcc} -std=c11 -I"$2" -I. -Iinclude -D_POSIX_C_SOURCE=200809L -fsyntax-only "$1" \
        2>/dev/null
}
for file in codegen/op/*.c; do
    grep -q '^CG_DEFINE_' "$file" || continue
    compiles "$file" . || { echo "$file does not compile"; exit 1; }
    for line in $(grep -n 'X(T, [A-Z]*, [a-z0-9_]*)' "$file" | cut -d: -f1); do
        # The last of a list ends the macro, so the one before does then.
        sed "${line}s/X(T, [A-Z]*, [a-z0-9_]*)//" "$file" >"$work/lost.c"
        if compiles "$work/lost.c" .; then
            echo "$file compiles without line $line"
            exit 1
        fi
    done
done

sed 's/X(resample) X(attention)/X(resample) X(attention) X(attention_2)/
    s/^typedef struct cedm_attention {/typedef struct cedm_attention_2 {\
    uint32_t id;\
} cedm_attention_2;\
&/' include/cedm_ops.h >"$work/cedm_ops.h"
cmp -s include/cedm_ops.h "$work/cedm_ops.h" && { echo "no list of ops"; exit 1; }
cp include/cedm.h include/cedm_model.h "$work"
if ${CC:-gcc} -std=c11 -I"$work" -I. -Iinclude -fsyntax-only runtime/model_check.c \
    2>"$work/message"; then
    echo "runtime/model_check.c compiles with another list of ops"
    exit 1
fi
grep -q 'raise CEDM_MODEL_ABI' "$work/message" || { cat "$work/message"; exit 1; }
echo "fields: $count members, each of them needed"
