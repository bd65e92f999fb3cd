# SPDX-License-Identifier: MIT
#
# checks.bash - checks of a script beside it, in the folder of the sources: an
# empty folder, $work; a build, $build; checks that are counted.
build=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() { # NAME COMMAND...: the command must succeed
    local name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name"
        tail -n 20 "$work/log"
    fi
}
# fresh_install VARIABLES...: without the flags of the make that runs this
fresh_install() {
    env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL make --no-print-directory \
        "$@" install >"$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }
}
