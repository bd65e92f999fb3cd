#!/bin/sh
# SPDX-License-Identifier: MIT
#
# arrows.sh - which folder may include which headers: the table of
# docs/ARCHITECTURE.md.  A header is named by its path from the root, a public
# one by its own name; no two headers have one name; the sampler names no
# backend.
set -eu
bad=0

# FOLDER: what it may include beside its own headers.  A folder stands for its
# headers without those of its subfolders, FOLDER/* for all, a header for
# itself; C is the C library and the system, FREE what a freestanding compiler
# has.  The longest folder that a file lies in counts.
table='
include: FREE CXX cedm.h cedm_model.h cedm_ops.h
runtime: FREE cedm.h cedm_model.h
runtime/ops: FREE cedm.h cedm_model.h runtime
runtime/diffusion: FREE cedm.h cedm_model.h runtime
runtime/encoder: FREE cedm.h runtime/ops
runtime/cpu: FREE SIMD cedm.h cedm_model.h runtime runtime/ops
runtime/cuda: FREE CUDA cedm.h cedm_model.h cedm_cuda.h runtime runtime/diffusion
weights: cedm_model.h OWN
browser: FREE cedm.h
examples: C CXX cedm.h cedm.hpp cedm_model.h fashion.h
codegen: C cedm.h cedm_model.h codegen/*
codegen/ir: C cedm.h cedm_model.h codegen
codegen/op: C cedm.h cedm_model.h codegen codegen/ir
codegen/read: C cedm.h cedm_model.h codegen
codegen/arch: C cedm.h cedm_model.h codegen codegen/ir codegen/arch/unet/unet.h
 codegen/arch/vit/vit.h codegen/arch/inception/inception.h
codegen/arch/unet: C cedm.h cedm_model.h codegen codegen/arch
codegen/arch/encoder: C codegen/arch runtime
codegen/arch/inception: C cedm_model.h codegen codegen/arch codegen/arch/encoder
codegen/arch/vit: C codegen codegen/arch codegen/arch/encoder runtime
codegen/plan: C cedm.h cedm_model.h codegen codegen/ir
codegen/pass: C cedm.h cedm_model.h codegen codegen/ir codegen/plan codegen/op
codegen/grad: C cedm.h cedm_model.h codegen codegen/ir codegen/plan codegen/pass codegen/op
codegen/measure: C cedm.h cedm_model.h codegen
codegen/emit: C cedm.h cedm_model.h codegen codegen/ir codegen/op
host/cli: C cedm.h codegen/codegen.h
host/files: C cedm.h cedm_model.h codegen/codegen.h host/cli runtime/resize.h runtime/tasks.h
host/execution: C MPI cedm.h cedm_model.h cedm_cuda.h host/cli host/files
host/random: C runtime
host/windows: C
host/verify: C cedm.h codegen/codegen.h host/cli host/execution
trainer: C cedm.h cedm_model.h codegen/training.h runtime runtime/diffusion trainer/ops
 trainer/cpu trainer/cuda/train_cuda.h host/*
trainer/ops: C cedm.h cedm_model.h codegen/training.h trainer runtime runtime/ops
trainer/cpu: C SIMD cedm.h cedm_model.h trainer trainer/ops runtime runtime/ops
 runtime/cpu
trainer/cuda: C CUDA cedm_cuda.h codegen/training.h trainer runtime/cuda
cluster: C cedm.h cedm_model.h codegen/codegen.h runtime host/random host/cli
 host/execution/agreement.h host/execution/ranks.h
cluster/cpu: C cedm.h cluster runtime runtime/ops runtime/cpu
evaluate: C cedm_model.h codegen/codegen.h runtime host/cli host/files
tools: C cedm.h cedm_model.h codegen/codegen.h host/*
tools/cluster: C cedm.h host/cli host/files host/execution cluster
tools/eval: C cedm.h host/* evaluate
tools/train: C cedm.h host/* trainer evaluate
tools/gen: C cedm.h cedm_model.h codegen/codegen.h host/* cluster weights
'
# Whose affair it is alone: they look into everything.
free_to_look='^(tests|bench)/'

files=$(find include runtime codegen host trainer evaluate cluster tools weights browser \
    examples tests bench -type f \
    \( -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh' -o -name '*.[ch]pp' \) |
    sort)
printf '%s\n' "$files" | awk -v table="$table" -v look="$free_to_look" '
BEGIN {
    class["FREE"] = "^<(float|limits|std(align|arg|atomic|bool|def|int)|string)[.]h>$"
    class["SIMD"] = "^<(immintrin|cpuid|arm_neon|wasm_simd128)[.]h>$"
    class["CUDA"] = "^<(cublasLt|cuda|cuda_(bf16|fp16|runtime|runtime_api)|nccl)[.]h>$"
    class["CXX"] = "^<(c[a-z]*|exception|memory|new|stdexcept|type_traits|utility|vector)>$"
    class["C"] = "^<[a-z0-9_/A-Z]*[.]h>$"
    class["MPI"] = "^<mpi[.]h>$"
    gsub(/\n /, " ", table)
    rows = split(table, row, "\n")
    for (i = 1; i <= rows; i++) {
        if (row[i] == "") continue
        at = index(row[i], ":")
        may[substr(row[i], 1, at - 1)] = substr(row[i], at + 2)
    }
}
function folder_of(path) { sub("/[^/]*$", "", path); return path }
function rule_of(path) {
    while (path != "" && !(path in may)) {
        if (path !~ /\//) return ""
        path = folder_of(path)
    }
    return path
}
function may_include(folder, name, file,    words, n, i, plain) {
    plain = substr(name, 2, length(name) - 2)
    if (name ~ /^"/ && folder_of(plain) == folder_of(file)) return 1
    n = split(may[folder], words, " ")
    for (i = 1; i <= n; i++) {
        if (words[i] in class) {
            if (name ~ class[words[i]]) return 1
        } else if (words[i] == "OWN") {
            sub(/^.*\//, "", file)
            sub(/[.]c$/, ".h", file)
            if (name == "\"" file "\"") return 1
        } else if (words[i] ~ /[.]h$/) {
            if (plain == words[i]) return 1
        } else if (words[i] ~ /[*]$/) {
            if (index(plain, substr(words[i], 1, length(words[i]) - 1)) == 1) return 1
        } else if (folder_of(plain) == words[i] && name ~ /^"/) return 1
    }
    return 0
}
{
    file = $0
    if (file ~ look) next
    folder = rule_of(folder_of(file))
    if (folder == "") { print file ": its folder has no row in the table"; bad = 1; next }
    count++
    while ((getline line < file) > 0) {
        if (line !~ /^[ \t]*#[ \t]*include/) continue
        if (!match(line, /[<"][^>"]*[>"]/)) continue
        name = substr(line, RSTART, RLENGTH)
        if (!may_include(folder, name, file)) {
            print file ": includes " name "; " folder " may include its own, " may[folder]
            bad = 1
        }
        used[folder] = used[folder] " " name
    }
    close(file)
}
END {
    # An arrow that nobody uses is no rule.
    for (folder in may) {
        n = split(may[folder], words, " ")
        for (i = 1; i <= n; i++) {
            word = words[i]
            if (word in class || word ~ /^(OWN|cedm(_model)?[.]h)$/) continue
            pattern = word
            sub(/[*]$/, "", pattern)
            if (index(used[folder], "\"" pattern) == 0) {
                print "arrows.sh: " folder " may include " word ", and does not"
                bad = 1
            }
        }
    }
    if (count < 100) { print "only " count + 0 " files found; run this in the root"; bad = 1 }
    if (!bad) print "arrows: " count " files include what they may"
    exit bad
}' || bad=1

# Stand-ins are found instead of the header of that name.
twice=$(printf '%s\n' "$files" | grep -E '\.(h|cuh)$' |
    grep -vE '^tests/(emulate/include|emulate/nccl|gpu/plain|bare)/|^tests/gen/golden/' |
    grep -v '^host/windows/include/' |
    sed 's|.*/||' | sort | uniq -d)
if [ -n "$twice" ]; then
    echo "header names that occur twice:" $twice
    bad=1
fi

# No backend in the sampler and what it rests on.
for file in runtime/diffusion/*.[ch] runtime/philox.h; do
    if grep -nE 'cedm_backend_(portable|cpu)|avx|cuda|ops/|cpu/' "$file"; then
        echo "$file: names a backend"
        bad=1
    fi
done
exit "$bad"
