#!/bin/bash
# SPDX-License-Identifier: MIT
#
# consumers.sh - what builds with an installed cedm and knows nothing else of
# it: examples/embed.c by CMake, by Meson, and by pkg-config alone, shared and
# static, with the checkpoint frozen on the way.  All draw the same image, and
# a changed checkpoint is frozen again.
set -euo pipefail
. tests/package/checks.bash
usr=$work/usr
root=$PWD
# Where CMake looks for libraries beside lib/, on Debian.
libdir=lib/$("${CC:-gcc}" -dumpmachine)
objects=$(realpath "$build")
skipped=0

skip() {
    skipped=$((skipped + 1))
    echo "skipped: $*"
}
# draws PROGRAM: does it draw what embed of this tree draws?
draws() {
    "$1" >"$work/got.pgm" && cmp "$work/wanted.pgm" "$work/got.pgm"
}
needs_library() {
    readelf -d "$1" | grep -q 'NEEDED.*\[libcedm\.so\.[0-9]*\]'
}
is_alone() {
    ! needs_library "$1"
}

"$build/examples/embed" >"$work/wanted.pgm"
fresh_install BUILD="$build" PREFIX="$usr" LIBDIR="$libdir"
export LD_LIBRARY_PATH=$usr/$libdir PKG_CONFIG_PATH=$usr/$libdir/pkgconfig
mkdir "$work/tree"
cp -r examples weights "$work/tree"
cd "$work/tree"

# ---- pkg-config -----------------------------------------------------------

with_pkg_config() { # MODULE: the program embed-MODULE
    "$usr/bin/cedm-freeze" weights/fashion.safetensors -o frozen --name fashion &&
        "${CC:-gcc}" -std=c11 $(pkg-config --cflags "$1") -Ifrozen -Wa,-Ifrozen \
            examples/embed.c frozen/fashion.c weights/fashion_blob.S \
            $(pkg-config --libs "$1") -o "embed-$1"
}
check 'pkg-config, shared' with_pkg_config cedm
check 'shared: image' draws ./embed-cedm
check 'shared: links libcedm.so' needs_library embed-cedm
check 'pkg-config, static' with_pkg_config cedm-static
check 'static: image' draws ./embed-cedm-static
check 'static: is alone' is_alone embed-cedm-static

# ---- C++ ------------------------------------------------------------------

with_cxx() { # STANDARD SOURCE PROGRAM
    "${CXX:-g++}" "-std=$1" -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags cedm-static) \
        -Iweights "$2" fashion.o blob.o $(pkg-config --libs cedm-static) -o "$3"
}
if command -v "${CXX:-g++}" >/dev/null; then
    "${CC:-gcc}" -std=c11 -I"$usr/include" -c weights/fashion.c -o fashion.o
    "${CC:-gcc}" -Wa,-Iweights -c weights/fashion_blob.S -o blob.o
    check 'C++17' with_cxx c++17 examples/embed.cpp embed-cxx
    check 'C++17: image' draws ./embed-cxx
    check 'C++20' with_cxx c++20 examples/embed.cpp embed-cxx
    check 'C++: cedm.hpp' with_cxx c++17 "$root/tests/consumer/wrapper.cpp" wrapper
    check 'C++: cedm.hpp does what it says' ./wrapper
else
    skip 'no C++ compiler on this machine'
fi

# ---- CMake ----------------------------------------------------------------

with_cmake() {
    cmake -S examples -B cmake -DCMAKE_PREFIX_PATH="$usr" && cmake --build cmake
}
other_version() { # VERSION: is it refused?
    sed "s/find_package(cedm [0-9.]*/find_package(cedm $1/" examples/CMakeLists.txt \
        >other/CMakeLists.txt
    ! cmake -S other -B "other/$1" -DCMAKE_PREFIX_PATH="$usr"
}
refreezes() {
    touch weights/fashion.safetensors
    cmake --build cmake | grep 'Freezing fashion'
}
if command -v cmake >/dev/null; then
    mkdir other
    check 'CMake' with_cmake
    check 'CMake: image' draws cmake/embed-cedm
    check 'CMake: links libcedm.so' needs_library cmake/embed-cedm
    check 'CMake: static image' draws cmake/embed-static
    check 'CMake: static is alone' is_alone cmake/embed-static
    check 'CMake: freezes again' refreezes
    check 'CMake: no version 0.0' other_version 0.0
    check 'CMake: no version 99' other_version 99.0
else
    skip 'no cmake on this machine'
fi

# ---- Meson ----------------------------------------------------------------

with_meson() {
    meson setup meson examples && meson compile -C meson
}
# Objects of this tree serve again: they are of the same sources and compiler.
reuse_objects() {
    for part in library freeze; do
        mkdir -p "$1/$part/obj"
        cp -a "$objects/choices" "$1/$part"
        for folder in runtime codegen host trainer evaluate cluster tools weights; do
            cp -r "$objects/obj/$folder" "$1/$part/obj"
        done
    done
}
# The same project with cedm as its subproject, from the tar file.
with_wrap() {
    cp -r examples wrapped
    mkdir -p wrapped/subprojects/packagefiles &&
        (cd "$root" && scripts/dist.sh "$work/dist") &&
        cp "$work"/dist/cedm-*.tar.gz wrapped/subprojects/packagefiles &&
        cp "$work/dist/cedm.wrap" wrapped/subprojects &&
        CC=${CC:-gcc} meson setup wrap wrapped --force-fallback-for=cedm &&
        reuse_objects wrap/subprojects/cedm-* &&
        meson compile -C wrap
}
if command -v meson >/dev/null; then
    check 'Meson' with_meson
    check 'Meson: image' draws meson/embed
    if git -C "$root" rev-parse --git-dir >/dev/null 2>&1; then
        check 'Meson, subproject' with_wrap
        check 'subproject: image' draws wrap/embed
        check 'subproject: is alone' is_alone wrap/embed
    else
        skip 'no git checkout to pack'
    fi
else
    skip 'no meson on this machine'
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
