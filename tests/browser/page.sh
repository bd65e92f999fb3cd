#!/bin/sh
# SPDX-License-Identifier: MIT
#
# page.sh - the page in a headless Chromium and a headless Firefox.
set -eu
build=${BUILD:-build}
command -v node >/dev/null || { echo 'skipped: no node on this machine'; exit 77; }
code=77
for browser in chromium firefox-esr; do
    if ! command -v $browser >/dev/null; then
        echo "skipped: no $browser on this machine"
    elif node tests/browser/page_test.mjs "$build" "${BIN:-$build/bin}" $browser; then
        [ $code -ne 77 ] || code=0
    else
        code=1
    fi
done
exit $code
