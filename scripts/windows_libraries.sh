#!/bin/sh
# SPDX-License-Identifier: MIT
#
# windows_libraries.sh TO - the libraries that cedm-gen links, for Windows, as
# TO/include and TO/lib: Debian has zlib alone for MinGW-w64, so the others are
# built here, static, from Debian's sources.
set -eu
to=$(realpath -m "$1")
cross=x86_64-w64-mingw32
sources=$to/sources
mkdir -p "$to/include" "$to/lib" "$to/apt/lists/partial" "$sources"

# ---- sources ----------------------------------------------------------------

. /etc/os-release
echo "deb-src http://deb.debian.org/debian $VERSION_CODENAME main" >"$to/apt/sources.list"
debian() {
    apt-get -qq -o Dir::Etc::SourceList="$to/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$to/apt/lists" -o APT::Sandbox::User=root "$@"
}
cd "$sources"
debian update
debian source cjson giflib libjpeg-turbo libmd libpng1.6 libwebp libzip >/dev/null

# ---- libraries --------------------------------------------------------------

# static NAME FOLDER FLAGS FILE...: lib/libNAME.a of these files
static() {
    name=$1 flags=$3
    cd "$sources"/$2
    shift 3
    mkdir -p objects
    for file in "$@"; do
        $cross-gcc -O2 -w $flags -I. -I"$to/include" -c "$file" \
            -o "objects/$(echo "${file%.c}" | tr / -).o"
    done
    $cross-ar rcs "$to/lib/lib$name.a" objects/*.o
}
# public FOLDER FILE...: headers, into include/FOLDER
public() {
    mkdir -p "$to/include/$1"
    folder=$1
    shift
    cp "$@" "$to/include/$folder"
}
# configured FOLDER TARGET OPTION...: by CMake, of those that have it write headers
configured() {
    folder=$(echo "$sources"/$1) target=$2
    shift 2
    cmake -S "$folder" -B "$folder/built" -DCMAKE_SYSTEM_NAME=Windows \
        -DCMAKE_SYSTEM_PROCESSOR=x86_64 -DCMAKE_C_COMPILER=$cross-gcc \
        -DCMAKE_RC_COMPILER=$cross-windres -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_INSTALL_PREFIX="$to" -DCMAKE_PREFIX_PATH="/usr/$cross" "$@"
    cmake --build "$folder/built" --target "$target"
    cd "$folder/built"
} >&2

static cjson 'cjson-*' '' cJSON.c
public cjson cJSON.h
cd "$sources"/libmd-*
touch config.h # whose answers sha2.c does not need
static md 'libmd-*' -Iinclude src/sha2.c
public . include/sha2.h include/sha256.h include/sha512.h
static gif 'giflib-*' '' dgif_lib.c egif_lib.c gif_err.c gif_hash.c gifalloc.c \
    openbsd-reallocarray.c
public . gif_lib.h
cp "$sources"/libpng1.6-*/scripts/pnglibconf.h.prebuilt "$to/include/pnglibconf.h"
cd "$sources"/libpng1.6-*
static png 'libpng1.6-*' '' $(ls png*.c | grep -v pngtest.c)
public . png.h pngconf.h
cd "$sources"/libwebp-*
static webp 'libwebp-*' '' src/dec/*.c src/demux/*.c src/dsp/*.c src/utils/*.c
public webp src/webp/*.h
configured 'libjpeg-turbo-*' jpeg-static -DENABLE_SHARED=OFF -DWITH_SIMD=OFF -DWITH_TURBOJPEG=OFF
cp libjpeg.a "$to/lib"
public . jconfig.h ../jpeglib.h ../jmorecfg.h ../jerror.h
configured 'libzip-*' zip -DBUILD_SHARED_LIBS=OFF -DENABLE_BZIP2=OFF -DENABLE_LZMA=OFF \
    -DENABLE_OPENSSL=OFF -DENABLE_GNUTLS=OFF -DENABLE_MBEDTLS=OFF -DENABLE_WINDOWS_CRYPTO=OFF
cp lib/libzip.a "$to/lib"
public . zipconf.h ../lib/zip.h

# Headers alone, the same everywhere.
cp -r /usr/include/stb "$to/include"
touch "$to/complete"
echo "$to: $(ls "$to/lib" | tr '\n' ' ')"
