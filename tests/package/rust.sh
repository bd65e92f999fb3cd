#!/bin/sh
# SPDX-License-Identifier: MIT
#
# rust.sh - the crate of examples/rust draws what embed.c draws, without a
# registry, and its raw.rs is what the headers say.
set -eu
build=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk -f scripts/rust_raw.awk packaging/libcedm.abi >"$work/raw.rs"
diff "$work/raw.rs" examples/rust/src/raw.rs ||
    { echo "rust.sh: src/raw.rs is not of these headers; make abi writes it"; exit 1; }
command -v cargo >/dev/null || { echo "skipped: no cargo on this machine"; exit 77; }

"$build/examples/embed" >"$work/embed.pgm"
EMBED_PGM=$work/embed.pgm
CEDM_LIB=$(realpath "$build/lib")
CARGO_TARGET_DIR=$work/target
export EMBED_PGM CEDM_LIB CARGO_TARGET_DIR
cargo test --offline --locked --quiet --manifest-path examples/rust/Cargo.toml \
    >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cat "$work/log"
passed=$(awk '/^test result: ok/ { n += $4 } END { print n + 0 }' "$work/log")
echo "$passed passed, 0 failed"
[ "$passed" -ge 3 ]
