#!/bin/sh
# SPDX-License-Identifier: MIT
#
# page.sh - the page in a headless Chromium.
set -eu
build=${BUILD:-build}
for tool in chromium node; do
    command -v $tool >/dev/null || { echo "skipped: no $tool on this machine"; exit 77; }
done
exec node tests/browser/page_test.mjs "$build" "${BIN:-$build/bin}" chromium
