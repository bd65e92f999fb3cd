# SPDX-License-Identifier: MIT
#
# F9: named pipes that nobody writes to, and records of a huge grid.
mkfifo pipe pipe.safetensors m.cedm m.so
gen="$bin/cedm-gen --n 1 --steps 1"
row '--from a pipe' '1 *pipe: not a file; *got a pipe' "$(says "$bin/cedm-gen" --from pipe)"
row '--freq a pipe' '1 *pipe: not a file; *got a pipe' "$(says $gen --freq pipe)"
row '--model a pipe M.so' '1 *m.so: is no file*' "$(says $gen --model m.so)"
row 'cedm-info of a pipe M.cedm' '1 *m.cedm: not a file; *got a pipe' \
    "$(says "$bin/cedm-info" m.cedm)"
row 'cedm-freeze of a pipe' '1 *not a file; *got a pipe*' \
    "$(says "$bin/cedm-freeze" pipe.safetensors -o d)"
row 'cedm-verify with a pipe for a golden file' '1 *' \
    "$(says "$bin/cedm-verify" --model m.so --golden pipe.safetensors)"
rm m.so m.cedm
"$bin/cedm-freeze" "$golden/uncond-tiny.safetensors" -o . --name m --build >/dev/null
rm m.cedm && mkfifo m.cedm
row 'M.so beside a pipe M.cedm' '1 *m.cedm: not a file; *got a pipe*' \
    "$(says $gen --model m.so)"
row 'a record of 1048575 columns' '1 *grid of 1048575x1 for 1 images; wanted at most 65536*' \
    "$(says "$bin/cedm-gen" --solver euler --from "$cases/png_cols.png")"
row '--grid 65536x65536' '1 *wanted at most 65536 empty cells' "$(says $gen --grid 65536x65536)"
