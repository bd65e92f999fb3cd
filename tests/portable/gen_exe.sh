#!/bin/bash
# SPDX-License-Identifier: MIT
#
# gen_exe.sh - cedm-gen.exe under wine draws what cedm-gen draws: the model that
# is in it and one of its own, by plain code and by vectors, as files of every
# kind, again from their recipes, from pictures; its errors are cedm-gen's.
set -u
. "$(dirname "$0")/../e2e/checks.bash"
cross=x86_64-w64-mingw32-gcc
exe=$root/${BUILD:-build}/windows/bin/cedm-gen.exe
command -v wine >/dev/null || { echo 'skipped: no wine on this machine'; exit 77; }
[ -e "$exe" ] || { echo 'skipped: no cedm-gen.exe; make windows builds it'; exit 77; }
export WINEDEBUG=-all WINEPREFIX=$work/wine
trap 'wineserver -k; rm -rf "$work"' EXIT

gen() { "$bin/cedm-gen" "$@"; }
exe() { wine "$exe" "$@"; }
same() { # FILE ARGUMENTS...: do both write the same FILE?
    rm -rf "host-$1" "$1"
    gen "${@:2}" --out "$1" && mv "$1" "host-$1" && exe "${@:2}" --out "$1" &&
        diff -r "host-$1" "$1"
}
fails() { # CODE TEXT ARGUMENTS...
    local code
    exe "${@:3}" >out 2>&1
    code=$?
    [ $code -eq "$1" ] && grep -q "$2" out || { cat out >&2; return 1; }
}

few=(--cluster 5 --n 4 --nfe 4 --progress none)
check 'version' test "$(exe --version)" = "$(gen --version)"
check 'a grid' same grid.png "${few[@]}"
check 'plain code' same plain.raw "${few[@]}" --isa portable --format raw
check 'AVX2' same avx2.raw "${few[@]}" --isa avx2 --format raw
check 'threads' same threads.npy "${few[@]}" --threads 3 --format npy
check 'a file for each' same folder "${few[@]}" --grid none
check 'to standard output' cmp <(gen "${few[@]}" --format raw --out -) \
    <(exe "${few[@]}" --format raw --out -)
check 'from its recipe' same again.png --from grid.png
cp -r "$root/tests/golden/ncsnpp-tiny.safetensors" .
gen --from grid.png --out host-recipe.png >/dev/null
check "of the other's recipe" exe --from host-recipe.png --out recipe.png
check 'the same' cmp host-recipe.png recipe.png

"$bin/cedm-freeze" ncsnpp-tiny.safetensors -o mine --name tiny --build >/dev/null
mkdir other
cp mine/tiny.cedm other
check 'a model for Windows' $cross -std=c11 -O1 -shared -DCEDM_MODEL_SHARED -I"$root/include" \
    mine/tiny.c -o other/tiny.so
gen --model mine/tiny.so --seeds 0-9 --out host-tiny.png >/dev/null
check 'draws' exe --model other/tiny.so --seeds 0-9 --out tiny.png
check 'the same' cmp host-tiny.png tiny.png
check 'with backslashes' exe --model 'other\tiny.cedm' --seeds 0-9 --out 'other\tiny.png'
check 'into the folder' cmp tiny.png other/tiny.png

check 'from a picture' same init.png --cluster 3 --init host-tiny.png --strength 0.5
check 'replaced' exe "${few[@]}" --force --out init.png
check 'nothing is left behind' test -z "$(find . -name '.cedm-tmp-*')"
check 'no model' fails 1 'no.so: .*No such file' --model no.so
check 'no library' fails 1 'is no loadable model' --model mine/tiny.so
check 'usage' fails 2 'solver: wanted' --solver magic
check 'damaged' fails 1 'grid.raw' --from grid.raw
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
