# SPDX-License-Identifier: MIT
#
# F1: a golden file with NaN passed any model.
from=$golden/uncond-tiny.golden.safetensors
data=$((8 + $(od -An -tu8 -N8 "$from")))
"$bin/cedm-freeze" "$golden/uncond-tiny.safetensors" -o . --name m --build >/dev/null
patched() { # OFFSET IN THE DATA: a file whose float64 there is NaN
    cp "$from" nan.safetensors
    printf '\0\0\0\0\0\0\370\177' |
        dd of=nan.safetensors bs=1 seek=$((data + $1)) conv=notrunc status=none
}
verify="$bin/cedm-verify --model m.so --golden nan.safetensors"
patched 1876 # the first of denoised
row 'NaN in denoised' '1 *nan.safetensors:denoised: element 0 is nan*' "$(says $verify)"
row 'the same for freeze --verify' '1 *:denoised: element 0 is nan*' \
    "$(says "$bin/cedm-freeze" "$golden/uncond-tiny.safetensors" -o f --verify nan.safetensors)"
patched 5508 # the last of reference_f32_rel_rms
row 'NaN in reference_f32_rel_rms' '1 *:reference_f32_rel_rms: element 6 is nan*' "$(says $verify)"
patched 6604
row 'NaN in samples' '1 *:samples: element 0 is nan*' "$(says $verify --mode sample)"
