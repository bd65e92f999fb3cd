#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh BUILD BIN - everything that is measured on a GPU, into
# bench/results/gpu-NAME.txt: the command behind `make bench-gpu`.  BIN has
# cedm-freeze and synth, which makes the networks of tests/synth with weights
# of a seed.  PARTS ("networks training peers") chooses, since torch.compile
# alone may take ten minutes; PYTHON is one that has PyTorch.
set -eu
cd "$(dirname "$0")/../.."
build=$1
bin=$2
parts=${PARTS:-networks training peers}
models=$build/models/gpu
export SECONDS="${SECONDS:-1500}"

smi() {
    nvidia-smi --query-gpu="$1" --format=csv,noheader -i 0 2>/dev/null ||
        echo 'no nvidia-smi'
}
code=0
"$build/test/gpu_ops" none >/dev/null || code=$?
if [ $code -eq 77 ]; then
    echo 'skipped: no device'
    exit 77
fi
result=bench/results/gpu-$(smi name | tr -c 'A-Za-z0-9\n' - | tr A-Z a-z).txt
mkdir -p bench/results "$models"

freeze() { # NETWORK; leaves its checkpoint, too
    folder=$models/$1
    [ ! -f "$folder/frozen" ] || return 0
    mkdir -p "$folder"
    "$bin/synth" "tests/synth/$1.json" "$folder/checkpoint.safetensors"
    "$bin/cedm-freeze" "$folder/checkpoint.safetensors" -o "$folder" \
        --name model --build >/dev/null
    touch "$folder/frozen"
}

# Clocks and power change under load: they stand before and after.
state() {
    echo "# $1: $(smi clocks.sm,clocks.mem,power.draw,temperature.gpu)"
}
measure() { # NETWORK PRECISION STEPS BATCH...
    network=$1
    shift
    precision=$1
    steps=$2
    shift 2
    freeze "$network"
    state 'before'
    "$build/bench/gpu_net" "$models/$network/model.so" "$network" \
        "$precision" "$steps" "${WINDOW:-2}" "$@"
    state 'after'
}

networks() {
    echo "make bench-gpu: networks of full size, weights from a seed"
    echo "$(smi name,driver_version,clocks.max.sm,power.limit);" \
        "$(nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9.]*\).*/CUDA \1/p')"
    measure cifar10-c100 fp16 18 66 264 1 8
    measure ffhq64 fp16 40 66
    measure adm-imagenet64 fp16 18 66
    measure cifar10-c100 bf16 18 66
    measure cifar10-c100 fp32 18 66
}

case $parts in
*networks*)
    networks >"$result.tmp" 2>&1 || {
        cat "$result.tmp"
        exit 1
    }
    cat "$result.tmp"
    mv "$result.tmp" "$result"
    ;;
esac
python=${PYTHON:-python3}
"$python" -c 'import torch' 2>/dev/null ||
    python=$build/peers/torch/bin/python
[ -x "$(command -v "$python")" ] || python=python3
case $parts in
*training*)
    freeze cifar10-c100
    state 'before' | tee -a "$result"
    python3 bench/peers/compare_train.py "$build/bench/gpu_train" \
        "$models/cifar10-c100" "$result" "$python"
    state 'after' | tee -a "$result"
    ;;
esac
case $parts in
*peers*)
    freeze cifar10-c100
    python3 bench/peers/compare_gpu.py "$build/bench/gpu_turn" \
        "$models/cifar10-c100/model.so" "$models/cifar10-c100" "$result" \
        "$python"
    ;;
esac
echo "$result"
