# SPDX-License-Identifier: MIT
#
# B4: samples of iDDPM models, whose first level is one of a table.
"$bin/cedm-freeze" "$golden/iddpm-tiny.safetensors" -o . --name m --build >/dev/null
verify() {
    "$bin/cedm-verify" --model m.so --golden "$cases/iddpm_latents.safetensors" --mode sample
}
row 'latents of an iDDPM model' 'latents 0 *ok latents 1 *ok' \
    "$(verify | grep latents | sed 's/ \+/ /g' | paste -sd ' ')"
row 'samples that are not its own' 'FAILED FAILED' \
    "$(verify | grep -o '^samples.*FAILED' | grep -o FAILED | paste -sd ' ')"
