#!/bin/sh
# SPDX-License-Identifier: MIT
#
# device_kit.sh BUILD DIR - puts into DIR what is needed to build libcedm_cuda
# and to check and time it on a machine with a GPU, nvcc, gcc and make, which
# need not have anything else: sources of the runtime, programs with the
# libraries that they load, checkpoints with golden outputs.
set -eu
build=$1
kit=$2
limit=60 # MiB

rm -rf "$kit"
mkdir -p "$kit/built/bin" "$kit/built/lib" "$kit/synth" "$kit/tests/golden"
cp -r include runtime weights "$kit"
cp -r tests/gpu tests/cuda tests/ops tests/run.sh "$kit/tests"
cp Makefile LICENSE "$kit"

for program in cedm-freeze cedm-gen cedm-verify synth; do
    cp "$build/bin/$program" "$kit/built/bin"
done
# The C library is the other machine's.
ldd "$kit"/built/bin/* | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' |
    sort -u | grep -vE '/(libc|libm|libdl|libpthread|librt|ld-linux[^/]*)\.so' |
    while read -r library; do
        cp -L "$library" "$kit/built/lib"
    done
for golden in tests/golden/*.golden.safetensors; do
    name=$(basename "$golden" .golden.safetensors)
    [ -f "tests/golden/$name.safetensors" ] || continue
    cp "$golden" "tests/golden/$name.safetensors" "$kit/tests/golden"
done
cp tests/synth/*.json "$kit/synth"

cat >"$kit/run.sh" <<'RUN'
#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh - builds the CUDA library here and runs everything on the GPU: the
# checks of make gpu-check, then times of a network of full size.  Each ends
# with `N passed, N failed`.
set -u
cd "$(dirname "$0")" || exit 1
passed=0
failed=0
count() { # NAME COMMAND...
    name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name"
    fi
}
make BUILD=build -j"$(nproc)" build/lib/libcedm_cuda.so \
    build/test/gpu_check build/test/gpu_ops || exit 1
# The programs find the library beside them.
cp build/lib/libcedm_cuda.so built/lib
export LD_LIBRARY_PATH="$PWD/built/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
tests/gpu/run.sh build built/bin
code=$?
if [ $code -eq 77 ]; then
    exit 77
fi
count 'checks' [ $code -eq 0 ]
mkdir -p models
count 'an image' built/bin/cedm-gen --device cuda --n 64 --out demo.png

built/bin/synth synth/cifar10-c100.json models/cifar.safetensors &&
    built/bin/cedm-freeze models/cifar.safetensors -o models --name cifar \
        --build >/dev/null || exit 1
for precision in fp16 bf16 fp32; do
    for batch in 1 8 66 264; do
        count "cifar $precision $batch" built/bin/cedm-gen \
            --model models/cifar.so --device cuda --precision $precision \
            --batch $batch --n $batch --bench
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
RUN
chmod +x "$kit/run.sh"

size=$(du -sm "$kit" | cut -f1)
if [ "$size" -ge $limit ]; then
    echo "device_kit.sh: $kit has $size MiB; wanted less than $limit" >&2
    exit 1
fi
echo "$kit: $size MiB; run.sh there builds and runs it all"
