#!/bin/sh
# SPDX-License-Identifier: MIT
#
# dist.sh [build] - the tar file of make dist has what git has, and make in it
# asks for no git; build compiles it there and draws.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git rev-parse --git-dir >/dev/null 2>&1 || { echo "skipped: no git checkout"; exit 77; }

scripts/dist.sh "$work" >/dev/null
tar -xzf "$work"/cedm-*.tar.gz -C "$work"
git ls-files | LC_ALL=C sort >"$work/wanted"
(cd "$work"/cedm-*/ && find . ! -type d | sed 's|^\./||' | LC_ALL=C sort) |
    diff "$work/wanted" - || { echo "not the files that git has (<)"; exit 1; }

mkdir "$work/bin"
printf '#!/bin/sh\necho "git was asked" >&2\nexit 1\n' >"$work/bin/git"
chmod +x "$work/bin/git"
cd "$work"/cedm-*/
plain_make() {
    env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL -u BUILD -u BIN \
        PATH="$work/bin:$PATH" make --no-print-directory NVCC= "$@"
}
plain_make -n all >"$work/plan" 2>"$work/errors" || { cat "$work/errors"; exit 1; }
! grep 'git was asked' "$work/errors" || exit 1
grep -q 'bin/cedm-gen$' "$work/plan" || { echo "cedm-gen is not built"; exit 1; }
if [ "${1-}" = build ]; then
    plain_make -j"$(nproc)" tools >"$work/log" 2>&1 || { tail "$work/log"; exit 1; }
    build/bin/cedm-gen --n 1 --out "$work/one.png" >/dev/null
    cmp -n 8 "$work/one.png" docs/demo.png
fi
echo "dist: $(wc -l <"$work/wanted") files${1:+, built}"
