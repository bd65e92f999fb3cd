# SPDX-License-Identifier: MIT
#
# C9: files of another kind than the one that is wanted.
"$bin/cedm-freeze" "$golden/uncond-tiny.safetensors" -o . --name m --build >/dev/null
gen="$bin/cedm-gen --n 1 --steps 1 --out x.png"
row '--model M.cedm' '0 ' "$(says $gen --model m.cedm)"
row 'without M.so' '1 *alone.cedm: has no M.so beside it; cedm-freeze CHECKPOINT -o DIR --build*' \
    "$(cp m.cedm alone.cedm && says $gen --model alone.cedm)"
row '--model M.c' '1 *is the source of a model; cedm-freeze*' "$(says $gen --model m.c)"
row '--model of a checkpoint' '1 *is a checkpoint; freeze it: cedm-freeze*' \
    "$(says $gen --model "$golden/uncond-tiny.safetensors")"
row '--model README.md' '1 *is no loadable model; wanted M.so*' \
    "$(says $gen --model "$root/README.md")"
row 'cedm-freeze README.md' '1 *README.md:0: not a checkpoint; wanted safetensors, *' \
    "$(says "$bin/cedm-freeze" "$root/README.md" -o d)"
. "$here/train.bash"
train --clusters none --out run >/dev/null 2>&1
row 'cedm-freeze of a state' '1 *the state of a training run*take the snapshot-*' \
    "$(says "$bin/cedm-freeze" run/state-000000008.safetensors -o d)"
