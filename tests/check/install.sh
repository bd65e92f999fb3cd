#!/bin/sh
# SPDX-License-Identifier: MIT
#
# install.sh - what make install writes, that an application outside of this
# tree builds against it in C and in C++ and draws what cedm-gen draws, and
# that make uninstall takes back exactly that.
set -eu
build=${BUILD:-build}
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0

pass() {
    passed=$((passed + 1))
}
fail() {
    echo "FAILED: $*"
    exit 1
}
# Without the flags and variables of the make that runs this.
fresh_make() {
    env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL \
        make --no-print-directory "$@" >"$work/log" 2>&1 ||
        { tail -n 20 "$work/log"; fail "make $*"; }
}
files() {
    (cd "$1" && find . ! -type d | sort)
}

# ---- a staged copy, as a packager makes one ------------------------------

names=$(cd "$build/bin" && echo cedm-*)
fresh_make BUILD="$build" PREFIX=/usr DESTDIR="$work/stage" install
{
    for name in $names; do
        echo "./usr/bin/$name"
        echo "./usr/share/man/man1/$name.1"
        echo "./usr/share/bash-completion/completions/$name"
    done
    (cd include && find . -name '*.h' -o -name '*.hpp' | sed 's|^\.|./usr/include|')
    echo ./usr/lib/libcedm.a
    (cd "$build/lib" && find . -name 'libcedm.so*' | sed 's|^\.|./usr/lib|')
    find packaging/cmake -type f |
        sed 's|.*/|./usr/lib/cmake/cedm/|; s|\.in$||'
    (cd "$build/lib" && find . -name 'libcedm_cuda*' |
        sed 's|^\.|./usr/lib|')
    echo ./usr/lib/pkgconfig/cedm.pc
    echo ./usr/lib/pkgconfig/cedm-static.pc
    echo ./usr/share/doc/cedm/LICENSE
} | sort >"$work/wanted"
files "$work/stage" >"$work/got"
diff "$work/wanted" "$work/got" || fail 'other files than wanted (<) were installed'
pass
grep -q '^prefix=/usr$' "$work/stage/usr/lib/pkgconfig/cedm.pc" ||
    fail 'cedm.pc must not know of DESTDIR'
! grep -rqF "$work" "$work"/stage/usr/lib/*/ ||
    fail 'cedm.pc or cmake/ knows where it was staged'
[ -z "$(find "$work/stage" -type f -perm /022)" ] ||
    fail 'files that others may write'
pass

# ---- an application ------------------------------------------------------

usr=$work/usr
fresh_make BUILD="$build" PREFIX="$usr" install
export PKG_CONFIG_PATH="$usr/lib/pkgconfig" LD_LIBRARY_PATH="$usr/lib"
version=$(sed -n 's/^#define CEDM_VERSION "\(.*\)"/\1/p' include/cedm.h)
[ "$(pkg-config --modversion cedm)" = "$version" ] ||
    fail "pkg-config says version $(pkg-config --modversion cedm)"
pass

cp -r tests/consumer "$work/consumer"
cp tests/golden/ncsnpp-tiny.safetensors "$work/consumer/checkpoint.safetensors"
cd "$work/consumer"
if command -v "${CXX:-g++}" >/dev/null; then
    programs='draw-c draw-cxx'
else
    programs=draw-c
    echo "note: no C++ compiler, C only"
fi
# shellcheck disable=SC2086
fresh_make $programs
"$usr/bin/cedm-freeze" checkpoint.safetensors -o so --name mine --build \
    >/dev/null
"$usr/bin/cedm-gen" --model so/mine.so --cluster 3 --seeds 11 --steps 3 \
    --format raw --out wanted.raw >/dev/null
for program in $programs; do
    "./$program" mine.cedm >"$program.raw"
    cmp wanted.raw "$program.raw" || fail "$program draws another image"
    pass
done

# ---- completion and pages, as found by their programs --------------------

complete() { # PROGRAM WORD BEFORE: the proposals
    PATH=$usr/bin:$PATH bash -c '
        . "$0/share/bash-completion/completions/$1"
        COMPREPLY=()
        _cedm "$1" "$2" "$3"
        echo "${COMPREPLY[*]}"' "$usr" "$@"
}
[ "$(complete cedm-gen --sig cedm-gen)" = '--sigma-min --sigma-max --sigmas' ] ||
    fail "cedm-gen --sig completes to '$(complete cedm-gen --sig cedm-gen)'"
[ "$(complete cedm-gen n --format)" = npy ] || fail 'no completion of --format'
[ "$(complete cedm-gen un --solver)" = unipc ] || fail 'no completion of --solver'
[ "$(complete cedm-gen lo --disc)" = logsnr ] || fail 'no completion of --disc'
[ "$(complete cedm-freeze check cedm-freeze)" = '' ] ||
    fail 'files are left to the shell'
pass
if command -v man >/dev/null; then
    man -M "$usr/share/man" -w cedm-gen >/dev/null || fail 'man finds no page'
    pass
fi

# ---- and back ------------------------------------------------------------

cd "$root"
echo keep >"$usr/bin/other"
fresh_make BUILD="$build" PREFIX="$usr" uninstall
[ "$(files "$usr")" = ./bin/other ] ||
    fail "after uninstall: $(files "$usr" | tr '\n' ' ')"
[ ! -d "$usr/share/doc/cedm" ] && [ ! -d "$usr/lib/cmake/cedm" ] ||
    fail 'an empty folder is left'
pass
echo "$passed passed, 0 failed"
