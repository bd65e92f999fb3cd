#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deb.sh - the Debian packages: what is in which, that an application builds
# against the first two and finds the library, that the programs run, that
# lintian is content.
set -eu
build=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for tool in dpkg-deb dpkg-shlibdeps fakeroot; do
    command -v $tool >/dev/null || { echo "skipped: no $tool on this machine"; exit 77; }
done
fail() {
    echo "FAILED: $*"
    exit 1
}
env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL scripts/deb.sh "$build" \
    >"$work/log" 2>&1 || { cat "$work/log"; fail 'scripts/deb.sh'; }
cp "$build"/deb/*.deb "$work"

root=$work/root
for file in "$work"/*.deb; do
    dpkg-deb -c "$file" | awk '!/^d/ { print $6 }' | sort >"${file%%_*}.list"
    dpkg-deb -x "$file" "$root"
done
[ -z "$(cat "$work"/*.list | sort | uniq -d)" ] || fail 'a file in two packages'
wanted="libcedm1 libcedm.so.1 libcedm-dev cedm.h libcedm-dev libcedm.a libcedm-dev cedm.pc
 libcedm-dev cedmConfig.cmake cedm-tools cedm-gen cedm-tools cedm-gen.1.gz
 libcedm1 copyright libcedm-dev copyright cedm-tools copyright"
set -- $wanted
while [ $# -gt 0 ]; do
    grep -q "/$2\$" "$work/$1.list" || fail "$1 has no $2"
    shift 2
done
! grep -v '/doc/' "$work/libcedm1.list" | grep -v '/libcedm.so.1$' || fail 'more in libcedm1'
dpkg-deb -f "$work"/libcedm1_*.deb Depends | grep -q '^libc6 (>= [0-9.]*)$' ||
    fail "libcedm1 depends on $(dpkg-deb -f "$work"/libcedm1_*.deb Depends)"

libdir=$root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_LIBDIR="$libdir/pkgconfig"
"${CC:-gcc}" -std=c11 $(pkg-config --cflags cedm) -Iweights -Wa,-Iweights examples/embed.c \
    weights/fashion.c weights/fashion_blob.S $(pkg-config --libs cedm) -o "$work/embed"
LD_LIBRARY_PATH=$libdir "$work/embed" >"$work/embed.pgm"
"$build/examples/embed" | cmp - "$work/embed.pgm" || fail 'another image'
"$root/usr/bin/cedm-gen" --version >/dev/null || fail 'cedm-gen does not run'

# Whoever hands the packages on sets DEBEMAIL.
if command -v lintian >/dev/null; then
    lintian --fail-on error,warning --allow-root \
        --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog "$work"/*.deb ||
        fail lintian
else
    echo "note: no lintian"
fi
echo "deb: $(cat "$work"/*.list | wc -l) files in 3 packages"
