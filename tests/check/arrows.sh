#!/bin/sh
# SPDX-License-Identifier: MIT
#
# arrows.sh - which folder may include which header, and that the sampler
# names no backend.  The rules are those of docs/ARCHITECTURE.md.
set -eu
bad=0
files=0

# Header names that a file includes, with their <> or "".
includes() {
    sed -n 's/^[ \t]*#[ \t]*include[ \t]*\([<"][^>"]*[>"]\).*/\1/p' "$1"
}

# check FILES RULE: every include must match the extended regex RULE.
check() {
    for file in $1; do
        [ -f "$file" ] || continue
        files=$((files + 1))
        for name in $(includes "$file"); do
            if ! printf '%s\n' "$name" | grep -Eqx "$2"; then
                echo "$file: includes $name; the folder may include: $2"
                bad=1
            fi
        done
    done
}

# A freestanding C implementation's headers, mem*, and intrinsics.
free='<(stddef|stdint|stdbool|float|limits|stdalign|stdarg|string)\.h>'
simd='<(immintrin|cpuid|arm_neon)\.h>'
api='"cedm(_model)?\.h"'

local_headers() { # own headers of a folder as a regex, in both spellings
    list=$(cd "$1" && ls ./*.h 2>/dev/null | sed 's|^\./||; s|\.|\\.|' |
        paste -sd '|' -)
    [ -n "$list" ] && printf '"(%s/)?(%s)"' "$(basename "$1")" "$list" ||
        printf '"-"'
}
core=$(local_headers runtime | sed 's|(runtime/)?||')
ops=$(local_headers runtime/ops)
cpu=$(local_headers runtime/cpu)
cuda=$(local_headers runtime/cuda)

check 'include/cedm_model.h' "<(stddef|stdint)\.h>"
check 'include/cedm.h' '"cedm_model\.h"'
check "$(echo runtime/*.[ch])" "$free|$api|$core"
check "$(echo runtime/ops/*.[ch])" "$free|$api|$core|$ops"
check "$(echo runtime/cpu/*.[ch])" "$free|$simd|$api|$core|$ops|$cpu"
check 'include/cedm_cuda.h' '"cedm\.h"'
nv='<(cublasLt|cuda|cuda_(bf16|fp16|runtime|runtime_api))\.h>'
check "$(echo runtime/cuda/*.[ch] runtime/cuda/*.cu runtime/cuda/*.cuh)" \
    "$free|$nv|$api|\"cedm_cuda\.h\"|$core|$cuda|\"cuda/[a-z_]*\.cuh\""
check "$(echo weights/*.h)" '"cedm_model\.h"'
for c in weights/*.c; do
    check "$c" "\"cedm_model\.h\"|\"$(basename "$c" .c)\.h\""
done
check "$(echo examples/*.c)" '<[a-z/_]*\.h>|"cedm(_model)?\.h"|"fashion\.h"'

# codegen: besides the headers of the whole, a stage sees the ones before it, never the ones after.
system='<[A-Za-z0-9_/]*\.h>'
base="$system|\"(codegen|training|error|cedm|cedm_model)\.h\""
stage() { # FOLDER EARLIER...: may include itself and the earlier ones
    folder=$1
    rule="$base|$(local_headers "codegen/$folder")"
    shift
    for earlier in "$@"; do
        rule="$rule|$(local_headers "codegen/$earlier")"
    done
    check "$(echo codegen/"$folder"/*.[ch])" "$rule"
}
stage ir
stage read ir
stage arch read ir
stage plan ir
stage pass arch plan ir
stage emit read ir plan
stage host read ir
check "$(echo codegen/*.h)" "$base"
rule=$base
for folder in read arch pass plan host; do
    rule="$rule|$(local_headers codegen/$folder)"
done
check "$(echo codegen/*.c)" "$rule"

# Tools see codegen through one header.
check "$(echo tools/*.[ch])" \
    "$system|\"(codegen|cedm|cedm_cuda|cedm_model|fashion)\.h\"|$(local_headers tools)"

# The trainer sees codegen through one header more, its CUDA library through
# another, and extends the ops and vectors of the runtime.
trainer="$(local_headers trainer)|$(local_headers trainer/ops)"
trainer="$trainer|$(local_headers trainer/cpu)|$core|$ops|$cpu"
trainer="$trainer|$(local_headers tools)"
check "$(echo trainer/*.[ch] trainer/ops/*.[ch] trainer/cpu/*.[ch])" \
    "$system|\"(codegen|training|cedm|cedm_model|cuda/train_cuda)\.h\"|$trainer"

# Its kernels and what queues them extend the CUDA backend.
kernels="$cuda|\"(cuda/)?[a-z_]*\.cuh\"|$(local_headers trainer/cuda)"
check "$(echo trainer/cuda/*.[ch] trainer/cuda/*.cu trainer/cuda/*.cuh)" \
    "$system|\"(training|cedm_cuda)\.h\"|$(local_headers trainer)|$kernels"

# No backend in the sampler and what it rests on.
for file in runtime/sampler.c runtime/schedule.c runtime/philox.h; do
    [ -f "$file" ] || continue
    if grep -nE 'cedm_backend_(portable|cpu)|avx|cuda|ops/|cpu/' "$file"; then
        echo "$file: names a backend"
        bad=1
    fi
done

if [ "$files" -lt 20 ]; then
    echo "only $files files found; run this in the root of the project"
    exit 1
fi
[ "$bad" -eq 0 ] && echo "arrows: $files files include what they may"
exit "$bad"
