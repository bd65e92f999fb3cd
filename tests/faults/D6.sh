# SPDX-License-Identifier: MIT
#
# D6: what a failed freeze leaves, and --out x.jpg.
says "$bin/cedm-freeze" "$cases/rec_ok.png" -o new/deep >/dev/null
row 'a freeze of no checkpoint' 'no folder' "$([ -e new ] || echo no folder)"
mkdir -p old/m.svg
tiny=$golden/uncond-tiny.safetensors
CC=false says "$bin/cedm-freeze" "$tiny" -o new/deep --name m --build >said2
row 'one whose compiler fails' '1 *failed (exit status 1)*, no folder' \
    "$(cat said2), $([ -e new ] || echo no folder)"
row 'one into a folder with a folder m.svg' '1 *m.svg: cannot create the file: Is a directory*' \
    "$(says "$bin/cedm-freeze" "$tiny" -o old --name m)"
row 'which stays' 'm.svg' "$(ls -A old)"
row '--out x.jpg' '2 *--out x.jpg: wanted *.png*' \
    "$(says "$bin/cedm-gen" --n 1 --steps 1 --out x.jpg)"
row '--out x.npy with --format png' '2 *' "$(says "$bin/cedm-gen" --n 1 --steps 1 --out x.npy)"
row '--out x.npy --format npy' '0 ' \
    "$(says "$bin/cedm-gen" --n 1 --steps 1 --out x.npy --format npy)"
