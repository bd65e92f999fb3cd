#!/bin/bash
# SPDX-License-Identifier: MIT
#
# full_encoders.sh - published vision transformers at full size, with random
# weights: names and shapes are those of the published files, they freeze in
# little more memory than their file, their plan meets its bound, and they
# encode in the regions that cedm-info prints.
#
#     full_encoders.sh all     every one; the largest takes 14 GB of disk
set -u
all=${1:-}

. "$(dirname "$0")/checks.bash"

is() { # NAME GOT WANTED
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s: wanted %s, got %s\n' "$1" "$3" "$2"
    fi
}
within() { # KIB COMMAND...: of address space
    (ulimit -v "$1" && shift && exec "$@")
}

# The names and shapes of a safetensors file, as one number.
names() {
    head -c $((8 + $(od -An -tu8 -N8 "$1"))) "$1" | tail -c +9 |
        grep -o '"[^"]*":{"dtype":"F32","shape":\[[0-9,]*\]' |
        sed 's/^"\([^"]*\)":.*\[\(.*\)\]$/\1 \2/; s/,/x/g' |
        LC_ALL=C sort | sha256sum | cut -c 1-16
}

# Two images to features; the file that is needed lies in the folder.
encodes() { # MODEL
    kib=$("$bin/cedm-info" "$1" | awk '
        $1 ~ /^(blob|weights|arena),$/ { sum += $(NF - 1) }
        END { printf "%d", sum / 1024 + 98304 }')
    check "$2 encodes within $kib KiB" within "$kib" "$bin/cedm-embed" \
        --model "$1" --data "$work/images" --out "$work/$2.npy" --batch 1 \
        --threads 1
    rm -f "$work/$2.json"
}

# transformer NAME NAMES PARAMETERS MEMBERS: a file without a configuration,
# as they are published; images of 32 x 32 become as large as they do in the
# published recipe, 224 x 224.
transformer() {
    local name=$1
    printf '{"model_type": "VisionTransformer", "class_row": 1,
        "image": [32, 32], %s}' "$4" >"$work/config.json"
    check "$name is written" "$bin/synth" "$work/config.json" \
        "$work/net.safetensors"
    rm "$work/config.json"
    is "$name has the published names" "$(names "$work/net.safetensors")" "$2"
    # The mapped file, 96 MB for program and libraries.
    kib=$(($(wc -c <"$work/net.safetensors") / 1024 + 98304))
    check "$name freezes within $kib KiB" within $kib "$bin/cedm-freeze" \
        "$work/net.safetensors" -o "$work/net" --name net --input 32x32 \
        --resize 224
    "$bin/cedm-info" "$work/net/net.cedm" >"$work/info"
    is "$name parameters" "$(awk '$1 == "parameters" { print $2 }' \
        "$work/info")" "$3"
    is "$name plan meets its bound" "$(awk '$1 == "activations" && \
        $2 == $3 { print $4 }' "$work/net/net.map")" 0.00%
    rm "$work/net.safetensors"
    check "$name compiles" "${CC:-cc}" -std=c11 -O1 -fPIC -shared \
        -DCEDM_MODEL_SHARED -I"$root/include" "$work/net/net.c" \
        -o "$work/net/net.so"
    encodes "$work/net/net.so" "$name"
    rm -r "$work/net"
}

small='"width": 384, "heads": 6, "hidden": 1536, "depth": 12'
base='"width": 768, "heads": 12, "hidden": 3072, "depth": 12'
large='"width": 1024, "heads": 16, "hidden": 4096, "depth": 24'
giant='"width": 1536, "heads": 24, "hidden": 4096, "depth": 40, "gated": 1'
scaled='"patch": 14, "grid": 37, "layer_scale": 1'
registers='"registers": 4, "positions": "antialias"'

mkdir "$work/images"
"$bin/cedm-gen" --cluster 5 --n 2 --steps 2 --grid none --out "$work/images" \
    >/dev/null 2>&1 || exit 1

transformer dino_deitsmall16 2488fd9b07afcddf 21665664 \
    "$small, \"patch\": 16, \"grid\": 14"
transformer dinov2_vits14_reg4 7cd49f82e2024eeb 22057728 \
    "$small, $scaled, $registers"
if [ "$all" = all ]; then
    transformer dino_deitsmall8 724316120ebb5c3a 21670272 \
        "$small, \"patch\": 8, \"grid\": 28"
    transformer dino_vitbase16 8966248a3aaf3fcf 85798656 \
        "$base, \"patch\": 16, \"grid\": 14"
    transformer dino_vitbase8 f4fb9b1c6cdf7102 85807872 \
        "$base, \"patch\": 8, \"grid\": 28"
    transformer dinov2_vits14 037ff9f3c8bf713a 22056192 "$small, $scaled"
    transformer dinov2_vitb14 d1eb57caecc6248f 86579712 "$base, $scaled"
    transformer dinov2_vitb14_reg4 2eb80996dc95c26c 86582784 \
        "$base, $scaled, $registers"
    transformer dinov2_vitl14 c2a2b01ae4c2fa6b 304367616 "$large, $scaled"
    transformer dinov2_vitl14_reg4 dbde2365cc45b6dd 304371712 \
        "$large, $scaled, $registers"
    transformer dinov2_vitg14 80c2bb174de59aec 1136479232 "$giant, $scaled"
    transformer dinov2_vitg14_reg4 18a119c136122f7f 1136485376 \
        "$giant, $scaled, $registers"
    names='"names": "hf-vit"'
    transformer dino_vitb16_of_transformers cbaf88d50c30c26e 85798656 \
        "$base, $names, \"patch\": 16, \"grid\": 14"
    names='"names": "hf-dinov2"'
    transformer dinov2_large_of_transformers 59599a0038bc50db 304367616 \
        "$large, $scaled, $names"
fi

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
