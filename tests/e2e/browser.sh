#!/bin/sh
# SPDX-License-Identifier: MIT
#
# browser.sh - builds the page, draws and encodes with its modules in node: the
# programs' images and features, in the planned memory.
set -eu
build=${BUILD:-build}
bin=${BIN:-$build/bin}

for tool in clang node wasm-ld; do
    command -v $tool >/dev/null || { echo "skipped: no $tool on this machine"; exit 77; }
done
archiver=$(clang --print-prog-name=llvm-ar)
command -v "$archiver" >/dev/null || { echo 'skipped: no llvm-ar beside clang'; exit 77; }

make --no-print-directory BUILD="$build" page >/dev/null

# Old engines refuse vectors and atomics; the other module has both.
if command -v "$(clang --print-prog-name=llvm-objdump)" >/dev/null; then
    objdump=$(clang --print-prog-name=llvm-objdump)
    for name in portable runtime; do
        eval "$name=$("$objdump" -d "$build/browser/$name.wasm" |
            grep -cE '	(v128|f32x4|i32x4|i32\.atomic)\.' || true)"
    done
    [ "$portable" -eq 0 ] && [ "$runtime" -gt 500 ] || {
        echo "vector and atomic operations: $portable in portable.wasm, $runtime in runtime.wasm"
        exit 1
    }
fi
node tests/browser/engine_test.mjs "$build" "$bin"
node tests/browser/encoder_test.mjs "$build" "$bin"
