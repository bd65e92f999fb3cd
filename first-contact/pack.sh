#!/bin/sh
# SPDX-License-Identifier: MIT
#
# pack.sh BUILD KIT - puts into the folder KIT what first-contact/run.sh needs
# on a machine with a GPU, and packs it as KIT.tar.xz: programs, what they
# load, models as code, stored results, sums of what large cases give.
#
# pack.sh BUILD KIT SETTINGS - the same with programs for the emulated device
# and a small network, of which SETTINGS tells run.sh; nothing is packed.
set -eu
build=$1
kit=$2
settings=${3:-}
most=8388608 # bytes of the archive

rm -rf "$kit"
mkdir -p "$kit/bin" "$kit/exe" "$kit/lib" "$kit/models" "$kit/golden" "$kit/peers"
cp first-contact/run.sh first-contact/*.bash first-contact/*.awk "$kit"
cp bench/peers/ratios.txt "$kit/peers"
git rev-parse --short HEAD >"$kit/commit" 2>/dev/null || rm -f "$kit/commit"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

# Libraries of the kit are for its programs alone: in the environment of
# Python they would be in the way.
program() { # NAME FILE
    strip -o "$kit/exe/$1" "$2"
    cat >"$kit/bin/$1" <<'PROGRAM'
#!/bin/sh
kit=$(dirname "$(readlink -f "$0")")/..
LD_LIBRARY_PATH=$kit/lib:$LIBRARIES exec "$kit/exe/$(basename "$0")" "$@"
PROGRAM
    chmod +x "$kit/bin/$1"
}
library() { # FILE
    strip -o "$kit/lib/$(basename "$1")" "$1"
}

# A model is its code; weights are packed where they are small.
freeze() { # NAME CHECKPOINT
    "$build/bin/cedm-freeze" "$2" -o "$made" --name model --build >/dev/null
    cp "$made/model.so" "$kit/models/$1.so"
}
golden() { # NAME
    freeze "$1" "tests/golden/$1.safetensors"
    cp "tests/golden/$1.golden.safetensors" "$kit/golden"
}
network() { # CONFIGURATION
    name=$(basename "$1" .json)
    "$build/bin/synth" "$1" "$made/checkpoint.safetensors"
    freeze "$name" "$made/checkpoint.safetensors"
    cp "$1" "$kit/models"
}

# What programs open by its name, which ends in the ABI's number.
cuda=libcedm_cuda.so.$(sed -n 's/^#define CEDM_CUDA_ABI //p' include/cedm_cuda.h)

for name in cedm-freeze cedm-verify synth; do
    program $name "$build/bin/$name"
done
program gpu_train "$build/bench/gpu_train"
program learner_cuda_test "$build/test/learner_cuda_test"
if [ -n "$settings" ]; then
    kind=emulated
    for name in net turn; do
        program gpu_$name "$build/test/emulated_gpu_$name"
    done
    for name in $cuda libcedm_cuda_train.so libcuda.so.1; do
        library "$build/test/fake/$name"
    done
    cp "$settings" "$kit/settings"
    . "$settings"
else
    kind=gpu
    for name in net turn; do
        program gpu_$name "$build/bench/gpu_$name"
    done
    for name in hopper_conv hopper_shift l2_rate; do
        program $name "$build/bench/$name"
    done
    program gpu_check "$build/test/gpu_check"
    library "$build/lib/libcedm_cuda_train.so"
    ln -s libcedm_cuda_train.so "$kit/lib/$cuda" # which is part of it
    cp "$build/first-contact-sums" "$kit/sums"
    cp bench/peers/compare_gpu.py bench/peers/program.py bench/peers/peer.py \
        bench/peers/songunet.py bench/peers/torch_gpu.py bench/peers/torch_layers.py \
        "$kit/peers"
    packed_goldens=ncsnpp-tiny
    code_goldens='fashion ddpmpp-tiny adm-tiny iddpm-tiny'
    configurations='tests/synth/cifar10-c100.json tests/synth/ffhq64.json'
fi
for name in ops train_ops probe; do
    program "gpu_$name" "$build/test/${kind}_$name"
done
for name in $packed_goldens; do
    golden "$name"
    cp "$made/model.cedm" "$kit/models/$name.cedm"
done
for name in $code_goldens; do
    golden "$name"
done
for configuration in $configurations; do
    network "$configuration"
done

# Programs bring their libraries, but for those of C, of the compiler, of CUDA,
# and for libcrypto, which has 5 MB and is where Python is.
ldd "$kit"/exe/* "$kit"/lib/* | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
    grep -vE '/(libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+|ld-linux[^/]*)\.so' |
    grep -vE '/lib(cuda|cudart|cublas|cublasLt|crypto)\.so' | while read -r file; do
    library "$file"
done
[ -z "$settings" ] || exit 0

# Most programs have the same kernels, of which the first alone counts: hash
# chains find the others in half a minute, where the trees of higher presets
# take ten times as long and miss them.
tar -C "$(dirname "$kit")" --sort=name --owner=0 --group=0 -cf - "$(basename "$kit")" |
    xz --lzma2=preset=3,dict=256MiB -T1 >"$kit.tar.xz"
size=$(wc -c <"$kit.tar.xz")
if [ "$size" -gt $most ]; then
    echo "pack.sh: $kit.tar.xz has $size bytes; wanted at most $most" >&2
    exit 1
fi
echo "$kit.tar.xz: $size bytes; unpack it on a machine with a GPU, and there" \
    'RESULTS=DIR first-contact/run.sh'
