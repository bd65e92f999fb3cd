#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deb.sh BUILD - Debian packages of what is built, in BUILD/deb: the library,
# what one needs to build with it, and the programs.  Their list and texts are
# packaging/deb/control; dependencies are those that dpkg-shlibdeps finds.
set -eu
build=$(realpath "$1")
out=$build/deb
stage=$out/stage
for tool in dpkg-deb dpkg-shlibdeps dpkg-architecture fakeroot; do
    command -v $tool >/dev/null ||
        { echo "deb.sh: there is no $tool; install dpkg-dev and fakeroot" >&2; exit 1; }
done
version=$(sed -n 's/^#define CEDM_VERSION "\(.*\)"/\1/p' include/cedm.h)
# Whoever hands the packages on, by the variables that Debian's tools read.
maintainer="${DEBFULLNAME:-The cedm authors} <${DEBEMAIL:-cedm@localhost}>"
major=$(sed -n 's/^CEDM_\([0-9]*\) {/\1/p' packaging/libcedm.map)
architecture=$(dpkg-architecture -qDEB_HOST_ARCH)
libdir=lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
changed=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y include/cedm.h)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$changed}
export SOURCE_DATE_EPOCH

# folder PACKAGE: where its files are put
folder() {
    echo "$out/$1"
}
# move PACKAGE PATH...: from the stage into a package
move() {
    package=$1
    shift
    for path in "$@"; do
        mkdir -p "$(folder "$package")/${path%/*}"
        mv "$stage/$path" "$(folder "$package")/${path%/*}"
    done
}

split() {
    cd "$stage"
    for file in usr/bin/* usr/share/man/man1/* usr/share/bash-completion/completions/*; do
        move cedm-tools "$file"
    done
    move "libcedm$major" usr/$libdir/libcedm.so."$major"
    for file in usr/include/* usr/$libdir/libcedm.* usr/$libdir/pkgconfig/* \
        usr/$libdir/cmake/cedm; do
        move libcedm-dev "$file"
    done
    rm -r usr/share/doc/cedm
    left=$(find . ! -type d)
    cd "$OLDPWD"
    [ -z "$left" ] || { echo "deb.sh: in no package: $left" >&2; exit 1; }
}

strip_all() {
    strip --strip-unneeded --remove-section=.comment "$(folder "libcedm$major")"/usr/$libdir/* \
        "$(folder cedm-tools)"/usr/bin/*
    strip --strip-debug --enable-deterministic-archives \
        "$(folder libcedm-dev)"/usr/$libdir/libcedm.a
}

documents() { # PACKAGE
    doc=$(folder "$1")/usr/share/doc/$1
    mkdir -p "$doc"
    text=$(sed -n '5,$s/^$/./; 5,$s/^/ /p' LICENSE)
    awk -v text="$text" -v holder="$(sed -n 's/^Copyright (c) //p' LICENSE)" '
        $0 == "@LICENSE@" { print text; next }
        { sub(/@HOLDER@/, holder); print }' packaging/deb/copyright >"$doc/copyright"
    printf 'cedm (%s) unstable; urgency=low\n\n  * Packaged from the sources.\n\n -- %s  %s\n' \
        "$version" "$maintainer" \
        "$(date -uRd "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"
}

# The dependencies of the programs and libraries in a package.
depends() { # PACKAGE
    mkdir -p "$out/depends/debian"
    sed 's/@[A-Z_]*@/x/' packaging/deb/control >"$out/depends/debian/control"
    # The library's own package is not installed: this says where it is.
    echo "libcedm $major libcedm$major (= $version)" >"$out/depends/debian/shlibs.local"
    (cd "$out/depends" && find "$(folder "$1")/usr/bin" "$(folder "$1")/usr/lib" -type f \
        2>/dev/null | xargs dpkg-shlibdeps -O --ignore-missing-info) 2>/dev/null |
        sed -n 's/^shlibs:Depends=//p'
}

control() { # PACKAGE: its part of packaging/deb/control, filled in
    mkdir -p "$(folder "$1")/DEBIAN"
    size=$(du -sk --apparent-size "$(folder "$1")/usr" | cut -f1)
    {
        awk -v package="$1" -v RS= '$0 ~ "^Package: " package "(\n|$)"' "$out/control"
        printf 'Source: cedm\nPriority: optional\nMaintainer: %s\n' "$maintainer"
        printf 'Version: %s\nInstalled-Size: %s\n' "$version" "$size"
    } | sed "s/^Architecture: any/Architecture: $architecture/
        s/@DEPENDS@/$(depends "$1")/" >"$(folder "$1")/DEBIAN/control"
    (cd "$(folder "$1")" && find usr -type f -print0 | sort -z | xargs -0 md5sum) \
        >"$(folder "$1")/DEBIAN/md5sums"
}

rm -rf "$out"
make --no-print-directory NVCC= BUILD="$1" PREFIX=/usr LIBDIR="$libdir" DESTDIR="$stage" \
    install >/dev/null
sed "s/@VERSION@/$version/; s/@SO_MAJOR@/$major/" packaging/deb/control >"$out/control"
split
strip_all
gzip -9n "$(folder cedm-tools)"/usr/share/man/man1/*
packages=$(sed -n 's/^Package: //p' "$out/control")
for package in $packages; do
    documents "$package"
    control "$package"
done
echo "libcedm $major libcedm$major (>= $version)" >"$(folder "libcedm$major")/DEBIAN/shlibs"
echo 'activate-noawait ldconfig' >"$(folder "libcedm$major")/DEBIAN/triggers"
for package in $packages; do
    chmod -R u=rwX,go=rX "$(folder "$package")"
    fakeroot dpkg-deb --root-owner-group -b "$(folder "$package")" "$out" >/dev/null
done
rm -rf "$stage" "$out/depends" "$out/control" \
    $(for package in $packages; do folder "$package"; done)
ls "$out"/*.deb
