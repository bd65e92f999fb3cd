#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ptxas.sh - what the compiler said of the kernels: no stack and no spills
# where none are planned, products of warpgroups not made one by one, registers
# as launches count on, and how many blocks of the convolutions a
# multiprocessor holds.
set -eu
build=${BUILD:-build}
said=$(find "$build/obj/runtime/cuda" "$build/obj/trainer/cuda" -name '*.ptxas' 2>/dev/null || true)
if [ -z "$said" ]; then
    echo "skipped: no kernels were compiled by nvcc here"
    exit 77
fi

# shellcheck disable=SC2086 # a list of files
cat $said | awk '
# Kernels whose registers are planned: at most so many, with so many threads
# to a block, of which so many are to fit a multiprocessor by registers.
BEGIN {
    plan["conv_warpgroup"] = "168 384 1"
    plan["conv_matrix.*Li128ELi128E"] = "128 256 2"
    plan["conv_matrix.*Li64ELi64E"] = "128 128 2"
    plan["conv_matrix.*Li128ELi256E"] = "255 256 1"
    plan["conv_matrix.*Li64ELi256E"] = "255 256 1"
    plan["conv_plain"] = "128 256 2"
    for (i in plan) wanted++
    # Bytes that may spill: three taps at a time leave two registers too few,
    # where two blocks are to fit.
    spills["weight_tensor.*Li3E"] = 8
}
function spills_of(    name, most) {
    for (name in spills) if (kernel ~ name) most = spills[name]
    return most + 0
}
function fail(text) { print kernel " (" arch "): " text; bad = 1 }
/Compiling entry function/ {
    split($0, quoted, "\x27")
    kernel = quoted[2]
    arch = quoted[4]
}
/C75[0-9][0-9]|serializ/ { fail($0) }
/bytes stack frame/ {
    stack = $1; stores = $5; loads = $9
    if (stores > spills_of() || loads > spills_of())
        fail("spills " stores " bytes, loads " loads "; wanted up to " spills_of())
}
/Used [0-9]+ registers/ {
    for (i = 1; i <= NF; i++) if ($i == "Used") registers = $(i + 1)
    kernels++
    for (name in plan) {
        if (kernel !~ name) continue
        split(plan[name], p, " ")
        seen[name] = 1
        # Registers are given to warps by 256.
        warps = p[2] / 32
        blocks = int(65536 / (warps * int((registers * 32 + 255) / 256) * 256))
        if (name == "conv_warpgroup" && arch !~ /90/) continue # it only traps
        if (registers > p[1]) fail(registers " registers; wanted up to " p[1])
        if (name == "conv_warpgroup" && registers != p[1])
            fail(registers " registers; wanted " p[1] ", which setmaxnreg shares out")
        if (blocks < p[3]) fail(blocks " blocks fit; wanted " p[3])
        if (stack > 0) fail("a stack of " stack " bytes; wanted none")
    }
}
END {
    for (name in seen) found++
    if (found < wanted) { print "only " found + 0 " of " wanted " planned kernels found"; bad = 1 }
    if (!bad) print "ptxas: " kernels " kernels spill no more than planned, " found \
        " of them as planned"
    exit bad
}'
