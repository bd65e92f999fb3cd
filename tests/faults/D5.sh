# SPDX-License-Identifier: MIT
#
# D5: other compilers and systems.
. "$here/make.bash"
arch() { # MACHINE: the instruction sets of a build for it
    printf '#!/bin/sh\ncase $1 in -dumpmachine) echo %s ;; *) exec cc "$@" ;; esac\n' "$1" >cc-of
    chmod +x cc-of
    printf 'include Makefile\nisas:\n\t@echo $(ISAS)\n' >isas.mk
    fresh -f "$PWD/isas.mk" CC="$PWD/cc-of" isas | tail -n 1
}
row 'arm64-apple-darwin23' neon "$(arch arm64-apple-darwin23)"
row 'amd64-unknown-freebsd' 'avx2 avx512 avx512bf16' "$(arch amd64-unknown-freebsd)"
if command -v x86_64-w64-mingw32-gcc >/dev/null; then
    row 'M.so of a compiler for Windows' '*note  *m.so is of another system: cedm-gen cannot*' \
        "$(CC=x86_64-w64-mingw32-gcc "$bin/cedm-freeze" "$golden/uncond-tiny.safetensors" -o w \
            --name m --build | tail -n 1)"
else
    row 'M.so of a compiler for Windows' '*' 'not looked at: no mingw'
fi
row 'headers that are missing' '*missing headers: *cjson/cJSON.h*; scripts/deps.sh demo installs*' \
    "$(fresh BUILD="$PWD/b" CFLAGS=-nostdinc "$PWD/b/obj/headers")"
