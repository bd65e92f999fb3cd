#!/bin/sh
# SPDX-License-Identifier: MIT
#
# python.sh - the Python package as it is installed: by pip from the sources,
# where there is pip, else the unpacked wheel; then tests/python.
set -eu
build=${BUILD:-build}
bin=${BIN:-$build/bin}
python=${PYTHON:-python3}
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export BUILD="$build" BIN="$root/$bin" TINY="$work/tiny.so" ENCODER="$work/vit.so"
case $bin in /*) BIN=$bin ;; esac

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null || {
    echo "skipped: no Python of 3.8 or later on this machine"
    exit 77
}
if "$python" -m pip --version >/dev/null 2>&1; then
    env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL "$python" -m pip \
        --disable-pip-version-check install --root-user-action=ignore --quiet --no-index \
        --no-deps --target "$work/site" .
else
    env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL \
        make --no-print-directory NVCC= wheel-parts >/dev/null
    "$python" python/cedm_wheel.py "$build/wheel/parts" "$work" >/dev/null
    "$python" -m zipfile -e "$work"/*.whl "$work/site"
fi
"$bin/cedm-freeze" tests/golden/ncsnpp-tiny.safetensors -o "$work" --name tiny --build \
    >/dev/null
"$bin/cedm-freeze" tests/golden/science/vit/dino-tiny.safetensors -o "$work" --name vit \
    --build --heads 2 --input 37x29 --resize 32 >/dev/null
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$work/site" "$python" tests/python/test_cedm.py
