#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deps.sh SET... - installs the Debian packages that a make target needs:
# demo (to build the tools), check (to test them), bench (to compare), browser
# (to build the page), page (to test it), images (of the demo model), portable
# (to try other systems), windows (to build cedm-gen.exe), deb (to pack), slurm
# (to share work).
# As root it runs apt-get; otherwise it prints the one command and fails.
set -eu

demo="gcc libc6-dev binutils libcjson-dev libgif-dev libjpeg62-turbo-dev
 liblapacke-dev libmd-dev libopenblas-dev libpng-dev libstb-dev libwebp-dev
 libzip-dev zlib1g-dev"
consumers="cmake meson"
processors="gcc-i686-linux-gnu gcc-s390x-linux-gnu libc6-dev-i386-cross
 libc6-dev-s390x-cross"
portable="$processors gcc-arm-linux-gnueabihf gcc-mingw-w64-x86-64-posix
 libc6-dev-armhf-cross musl-tools qemu-user wine wine64"
windows="ca-certificates cmake dpkg-dev gcc-mingw-w64-x86-64-posix libstb-dev
 libz-mingw-w64-dev wine wine64"
cross="gcc-aarch64-linux-gnu gcc-arm-none-eabi libc6-dev-arm64-cross
 qemu-system-arm qemu-user"
browser="clang lld llvm"
check="$demo $cross $processors $consumers $browser clang-format g++
 libclang-rt-dev libcmocka-dev libgmp-dev libmpfr-dev libopenmpi-dev mandoc nodejs
 openmpi-bin pkgconf strace"
bench="$demo libopenblas0-pthread python3-torch python3-venv"

wanted=
for set in "$@"; do
    case $set in
    demo) wanted="$wanted $demo" ;;
    check) wanted="$wanted $check" ;;
    bench) wanted="$wanted $bench" ;;
    browser) wanted="$wanted $demo $browser" ;;
    page) wanted="$wanted chromium nodejs" ;;
    portable) wanted="$wanted $portable" ;;
    windows) wanted="$wanted $windows" ;;
    slurm) wanted="$wanted munge slurm-wlm" ;;
    deb) wanted="$wanted dpkg-dev fakeroot lintian" ;;
    images) wanted="$wanted dataset-fashion-mnist" ;;
    *) echo "deps.sh: no set '$set'; wanted demo, check, bench, browser, page, deb," \
           "images, portable, windows or slurm" >&2
       exit 2 ;;
    esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "deps.sh: no apt on this system, nothing installed; needed are" \
        "what Debian calls:" $wanted
    exit 0
fi

is_installed() {
    dpkg-query -W -f='${Status}\n' "$1" 2>/dev/null |
        grep -q '^install ok installed$'
}

missing=
for package in $wanted; do
    case " $missing " in *" $package "*) continue ;; esac
    is_installed "$package" || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "deps: all packages for '$*' are installed"
    exit 0
fi

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" -ne 0 ]; then
    echo "deps: packages are missing and this is not root; run" >&2
    echo "    sudo sh -c 'apt-get update && $install'" >&2
    echo "and then make again" >&2
    exit 1
fi

# The package lists of a fresh machine are empty or stale: fetch them only
# when a name is unknown or the download fails.
export DEBIAN_FRONTEND=noninteractive
echo "deps: $install"
if apt-cache show $missing >/dev/null 2>&1 && $install; then
    exit 0
fi
echo "deps: apt-get update, then again"
apt-get update
$install
