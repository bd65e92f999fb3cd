#!/bin/sh
# SPDX-License-Identifier: MIT
#
# linked.sh - cedm-gen starts with four libraries, none of which converts
# checkpoints, hashes, unpacks archives or needs a GPU, and without the
# converter's code.
set -eu
build=${BUILD:-build}
bin=${BIN:-$build/bin}

needed=$(ldd "$bin/cedm-gen" | sed 's/^[[:blank:]]*//; s/[ .].*//; s|^/.*/||' |
    sort -u | tr '\n' ' ')
for library in $needed; do
    case $library in
    libc | libm | libz | libcjson | linux-vdso | ld-linux*) ;;
    *) echo "cedm-gen needs $library; wanted libc, libm, libz and libcjson" \
           "alone"
       exit 1 ;;
    esac
done
case " $needed" in
*' libc '*) ;;
*) echo "ldd says nothing of cedm-gen: $needed"; exit 1 ;;
esac

code=$(nm "$bin/cedm-gen" | awk '$3 ~ /^cg_/ { print "    " $3 }')
if [ -n "$code" ]; then
    echo "cedm-gen holds code of the converter:"
    echo "$code"
    exit 1
fi
echo "linked: cedm-gen needs $needed"
