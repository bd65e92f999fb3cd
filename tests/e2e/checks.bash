# SPDX-License-Identifier: MIT
#
# checks.bash - what the scripts beside it begin with: the programs, in $bin;
# an empty folder to work in; checks that are counted.
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$(cd "${BIN:-$root/build/bin}" && pwd) || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

passed=0
failed=0
check() { # NAME COMMAND...: the command must succeed
    local name=$1
    shift
    if "$@" >/dev/null 2>"$work/check.err"; then
        passed=$((passed + 1))
    else
        printf 'FAILED: %s\n' "$name"
        sed 's/^/    /' "$work/check.err" | head -n 5
        failed=$((failed + 1))
    fi
}
