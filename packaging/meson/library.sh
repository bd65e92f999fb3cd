#!/bin/sh
# SPDX-License-Identifier: MIT
#
# library.sh SOURCE BUILD CC AR OUT - libcedm.a of a Meson subproject, by its Makefile.
set -eu
env -u MAKEFLAGS make --no-print-directory -C "$1" -j"$(nproc)" BUILD="$2" CC="$3" AR="$4" \
    NVCC= SAN= MPI= "$2/lib/libcedm.a" >&2
cp "$2/lib/libcedm.a" "$5"
