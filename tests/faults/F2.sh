# SPDX-License-Identifier: MIT
#
# F2: code and blob of different models.
from=$golden/uncond-tiny.safetensors
other() { # SED: M.so of the network, then M.cedm of one whose header is edited
    rm -f m.*
    "$bin/cedm-freeze" "$from" -o . --name m --build >/dev/null &&
        edit_header "$from" other.safetensors "$1" &&
        "$bin/cedm-freeze" other.safetensors -o . --name m >/dev/null &&
        says "$bin/cedm-gen" --model m.so --n 1 --steps 1 --out x.png
}
row 'the same network frozen again without --build' '0 ' "$(other '')"
for precond in VP VE; do
    row "M.so of EDM, then M.cedm of $precond" '1 *m.cedm: the blob belongs to another model*' \
        "$(other "s/EDMPrecond/${precond}Precond/")"
done
row 'then M.cedm with sigma_data 0.6' '1 *the blob belongs to another model*' \
    "$(other 's/\\"precond\\":/\\"sigma_data\\": 0.6, &/')"
