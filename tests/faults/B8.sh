# SPDX-License-Identifier: MIT
#
# B8: names, and the words of $CC.
freeze() { says "$bin/cedm-freeze" "$@"; }
model=$golden/uncond-tiny.safetensors
mkdir bin && printf '#!/bin/sh\nexec "$@"\n' >bin/wrapper && chmod +x bin/wrapper
for cc in 'cc -O1' '  cc  -O0 ' "$PWD/bin/wrapper cc"; do
    row "CC='$cc' with --build" '0 ' "$(CC=$cc freeze "$model" -o a --name m --build)"
done
printf '#!/bin/sh\nexec cc "$@"\n' >'bin/c c' && chmod +x 'bin/c c'
row 'CC of a path with a blank' '0 ' "$(CC="$PWD/bin/c c" freeze "$model" -o a --name m --build)"
row "CC='no such'" '1 *cannot run the C compiler "no such"*' \
    "$(CC='no such' freeze "$model" -o a --name m --build)"
name() { # FILE: the name that a model of this file gets
    rm -rf n && cp "$model" "$1" && "$bin/cedm-freeze" "$1" -o n >/dev/null &&
        basename n/*.cedm .cedm
}
row 'the name of a model from cedm-cifar10.safetensors' m_cedm_cifar10 \
    "$(name cedm-cifar10.safetensors)"
row 'from _final.safetensors' m_final "$(name _final.safetensors)"
row 'from café (non-ASCII).safetensors' caf_non_ASCII "$(name 'café (non-ASCII).safetensors')"
row 'from 3d.safetensors' m_3d "$(name 3d.safetensors)"
long=$(printf 'x%.0s' {1..200})
row 'from a long name' 48 "$(name "$long.safetensors" | tr -d '\n' | wc -c)"
row '--name of 49 characters' '2 *up to 47 letters*' "$(freeze "$model" -o n --name "${long:0:49}")"
row '--name of 48' '0 ' "$(freeze "$model" -o n --name "${long:0:48}")"
row 'an output with a name of 255 bytes' '0 ' \
    "$(says "$bin/cedm-gen" --n 1 --steps 1 --out "$long${long:0:51}.png")"
