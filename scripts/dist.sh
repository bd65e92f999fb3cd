#!/bin/sh
# SPDX-License-Identifier: MIT
#
# dist.sh OUT - the sources that git knows as OUT/cedm-VERSION.tar.gz, the
# same bytes for the same commit, and OUT/cedm.wrap for Meson.
set -eu
out=$1
git rev-parse --git-dir >/dev/null 2>&1 ||
    { echo "dist.sh: this is no git checkout; its sources are packed already" >&2; exit 1; }
version=$(sed -n 's/^#define CEDM_VERSION "\(.*\)"/\1/p' include/cedm.h)
name=cedm-$version
mkdir -p "$out"
git ls-files -z | LC_ALL=C sort -z |
    tar --null -T - --transform "s|^|$name/|" --mtime="@$(git log -1 --format=%ct)" \
        --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --format=gnu -cf - |
    gzip -9n >"$out/$name.tar.gz.tmp"
mv "$out/$name.tar.gz.tmp" "$out/$name.tar.gz"
sum=$(sha256sum "$out/$name.tar.gz")
sed "s/@VERSION@/$version/; s/@SHA256@/${sum%% *}/" packaging/meson/cedm.wrap.in >"$out/cedm.wrap"
echo "$out/$name.tar.gz"
