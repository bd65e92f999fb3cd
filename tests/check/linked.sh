#!/bin/sh
# SPDX-License-Identifier: MIT
#
# linked.sh - cedm-gen asks for libraries that read and write files and for the C
# library, none of which compiles or needs a GPU, and of the converter it holds the
# readers of files alone.
set -eu
build=${BUILD:-build}
bin=${BIN:-$build/bin}

needed=$(readelf -d "$bin/cedm-gen" |
    sed -n 's/.*(NEEDED).*\[\([a-z]*\)[^a-z].*/\1/p' | sort -u | tr '\n' ' ')
for library in $needed; do
    case $library in
    libc | libm | libmd | libz | libzip | libcjson | ld) ;;
    libgif | libjpeg | libpng | libwebp | libwebpdemux) ;; # --init, --mask
    *) echo "cedm-gen needs $library; wanted libc, libm, libmd, libz, libzip," \
           "libcjson and those of pictures alone"
       exit 1 ;;
    esac
done
case " $needed" in
*' libc '*) ;;
*) echo "readelf says nothing of cedm-gen: $needed"; exit 1 ;;
esac

symbols=$(nm "$bin/cedm-gen" | awk '$3 ~ /^cg_/ { print "    " $3 }')
code=$(echo "$symbols" |
    grep -E ' cg_(arch_|build|compile|emit|expected|fuse|place|plan)' || true)
if [ -n "$code" ] || ! echo "$symbols" | grep -qx '    cg_open'; then
    echo "cedm-gen holds code of the converter, or none of the readers:"
    echo "$code"
    exit 1
fi
echo "linked: cedm-gen needs $needed"
