#!/bin/sh
# SPDX-License-Identifier: MIT
#
# device_kit.sh BUILD DIR - puts into DIR what is needed to build libcedm_cuda
# and libcedm_cuda_train and to check and time them on a machine with a GPU,
# nvcc, gcc and make, which need not have anything else: their sources,
# programs with the libraries that they load, checkpoints with golden outputs.
set -eu
build=$1
kit=$2
limit=60 # MiB

rm -rf "$kit"
mkdir -p "$kit/built/bin" "$kit/built/exe" "$kit/built/lib" \
    "$kit/tests/golden" "$kit/bench/peers"
cp -r include runtime codegen host trainer evaluate tools weights mk "$kit"
cp -r tests/gpu tests/cuda tests/emulate tests/ops tests/synth tests/run.sh "$kit/tests"
mkdir "$kit/tests/e2e" && cp tests/e2e/*.bash "$kit/tests/e2e"
cp -r bench/gpu bench/*.h "$kit/bench"
cp bench/peers/*.py "$kit/bench/peers"
cp Makefile LICENSE "$kit"
mkdir "$kit/packaging" && cp packaging/*.map "$kit/packaging"

# Each finds its libraries by a script: in the environment of PyTorch they
# would be in the way.
for path in bin/cedm-freeze bin/cedm-gen bin/cedm-verify bin/synth bin/inception-weights \
    alone/cedm-train test/learner_cuda_test bench/gpu_train; do
    program=$(basename $path)
    strip -o "$kit/built/exe/$program" "$build/$path"
    cat >"$kit/built/bin/$program" <<'PROGRAM'
#!/bin/sh
built=$(dirname "$(readlink -f "$0")")/..
LD_LIBRARY_PATH=$built/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
    exec "$built/exe/$(basename "$0")" "$@"
PROGRAM
    chmod +x "$kit/built/bin/$program"
done
# The C library is the other machine's.
ldd "$kit"/built/exe/* | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' |
    sort -u | grep -vE '/(libc|libm|libdl|libpthread|librt|ld-linux[^/]*)\.so' |
    while read -r library; do
        cp -L "$library" "$kit/built/lib"
    done
for golden in tests/golden/*.golden.safetensors; do
    name=$(basename "$golden" .golden.safetensors)
    [ -f "tests/golden/$name.safetensors" ] || continue
    cp "$golden" "tests/golden/$name.safetensors" "$kit/tests/golden"
done

# Encoders, as tests/gpu/encode.sh and run.sh beside it name them.
mkdir -p "$kit/tests/inception" "$kit/tests/golden/science/inception"
cp tests/inception/layers.txt "$kit/tests/inception"
cp tests/golden/science/inception/golden.safetensors "$kit/tests/golden/science/inception"
mkdir -p "$kit/tests/golden/science/vit"
for file in dino-tiny.safetensors dino-tiny.e2e.safetensors dino-hd64.full.pth \
    dinov2-reg.safetensors dinov2-swiglu.safetensors; do
    cp "tests/golden/science/vit/$file" "$kit/tests/golden/science/vit"
done

cat >"$kit/run.sh" <<'RUN'
#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh [check] [networks] [training] [peers] - builds here and runs
# everything on the GPU, or the parts that are named: the checks of make
# gpu-check, whose last line is `N passed, N failed`; then what make bench-gpu
# measures, into bench/results.  PYTHON is one that has PyTorch [python3].
set -u
cd "$(dirname "$0")" || exit 1
parts=${*:-check networks training peers}
make BUILD=build -j"$(nproc)" build/lib/libcedm_cuda.so.3 \
    build/lib/libcedm_cuda_train.so build/test/gpu_check build/test/gpu_ops \
    build/test/gpu_train_ops build/test/gpu_encode build/bench/gpu_net \
    build/bench/gpu_turn || exit 1
# The programs find the libraries beside them, and scripts find programs.
cp build/lib/libcedm_cuda*.so* built/lib
ln -sf ../../built/bin/learner_cuda_test build/test
ln -sf ../../built/bin/gpu_train build/bench
code=0
case $parts in
*check*)
    tests/gpu/run.sh build built/bin
    code=$?
    [ $code -ne 77 ] || exit 77
    ;;
esac
case $parts in
*networks* | *training* | *peers*)
    PARTS=$parts bench/gpu/run.sh build built/bin || code=$?
    ;;
esac
exit $code
RUN
chmod +x "$kit/run.sh"

size=$(du -sm "$kit" | cut -f1)
if [ "$size" -ge $limit ]; then
    echo "device_kit.sh: $kit has $size MiB; wanted less than $limit" >&2
    exit 1
fi
echo "$kit: $size MiB; run.sh there builds and runs it all"
