#!/bin/bash
# SPDX-License-Identifier: MIT
#
# devices.sh - what cedm-gen does with devices, ranks and shards.  Without a
# GPU its library is one whose devices are the CPU; see tests/gpu/fake.c.
set -u

. "$(dirname "$0")/checks.bash"
fake=$bin/../test/fake
library=libcedm_cuda.so.$(sed -n 's/^#define CEDM_CUDA_ABI //p' "$root/include/cedm_cuda.h")
unset SLURM_PROCID SLURM_STEP_NUM_TASKS OMPI_COMM_WORLD_RANK
unset OMPI_COMM_WORLD_SIZE PMI_RANK PMI_SIZE RANK WORLD_SIZE LOCAL_RANK

refused() { # CODE PATTERN COMMAND...: one line on stderr
    code=$1 pattern=$2
    shift 2
    "$@" >out 2>err
    got=$?
    check "$*: exit code $code, not $got" [ "$got" -eq "$code" ]
    check "$*: one line" [ "$(wc -l <err)" -eq 1 ]
    check "$*: '$pattern'" grep -Eq -- "^cedm-gen: .*($pattern)" err
}
gen() { "$bin/cedm-gen" --steps 2 --cluster 5 "$@" 2>err; }

# ---- shards, on the CPU ----------------------------------------------------

gen --n 7 --seed 3 --grid none --out whole --device cpu >/dev/null
for part in 0 1 2; do
    gen --n 7 --seed 3 --grid none --out parts --device cpu \
        --shard $part/3 >/dev/null
done
check 'three shards write the files of the whole' diff -r whole parts
gen --n 2 --grid none --out more --device cpu --shard 2/3 >/dev/null
check 'a shard without images does nothing' test ! -e more
RANK=1 WORLD_SIZE=2 gen --n 2 --seed 8 --grid none --out ranks \
    --device cpu >/dev/null
check 'torchrun: rank 1 of 2' [ "$(ls ranks)" = 000009.png ]
check 'and it is said' grep -q 'torchrun: part 1 of 2, 1 of 2 images' err
SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2 gen --n 2 --grid none --out slurm \
    --device cpu >/dev/null
check 'srun: rank 0 of 2' [ "$(ls slurm)" = 000000.png ]
OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=3 gen --n 3 --grid none \
    --out ompi --device cpu >/dev/null
check 'Open MPI: rank 2 of 3' [ "$(ls ompi)" = 000002.png ]
PMI_RANK=1 PMI_SIZE=3 gen --n 3 --grid none --out pmi --device cpu >/dev/null
check 'MPICH: rank 1 of 3' [ "$(ls pmi)" = 000001.png ]
RANK=1 WORLD_SIZE=2 gen --n 2 --grid none --out over --device cpu \
    --shard 0/1 >/dev/null
check '--shard goes before the environment' [ "$(ls over | wc -l)" -eq 2 ]
SLURM_PROCID=0 SLURM_NTASKS=4 gen --n 2 --grid none --out batch \
    --device cpu >/dev/null
check 'a batch script is no rank' [ "$(ls batch | wc -l)" -eq 2 ]
refused 1 'RANK=2, WORLD_SIZE=2 .*wanted a rank below' \
    env RANK=2 WORLD_SIZE=2 "$bin/cedm-gen" --grid none --out x
refused 2 'torchrun: part 0 of 2; wanted it with --grid none' \
    env RANK=0 WORLD_SIZE=2 "$bin/cedm-gen" --out x.png

# ---- without a device ------------------------------------------------------

check 'cedm-gen is not linked with CUDA' \
    sh -c "! ldd '$bin/cedm-gen' | grep -Ei 'cuda|cublas|nvidia'"
if ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1'; then
    echo 'skipped: no driver (there is one)'
else
    refused 1 'device cuda: there is no NVIDIA driver here' \
        "$bin/cedm-gen" --device cuda --out x.png
    refused 1 'device cuda: there is no NVIDIA driver here' \
        "$bin/cedm-gen" --device cuda:1 --out x.png
    refused 1 'precision fp16: a CPU computes in fp32; wanted auto or fp32' \
        "$bin/cedm-gen" --precision fp16 --out x.png
    gen --n 1 --seed 3 --format raw --out auto.raw >/dev/null
    check 'auto is the CPU, silently' test ! -s err
    gen --n 1 --seed 3 --format raw --out cpu.raw --device cpu >/dev/null
    check 'and its image' cmp auto.raw cpu.raw
fi

# ---- with the library whose devices are the CPU ----------------------------

mkdir prefix prefix/bin prefix/lib drivers
cp "$bin/cedm-gen" prefix/bin
cp "$fake/$library" prefix/lib
cp "$fake/libcuda.so.1" drivers
export LD_LIBRARY_PATH=$work/drivers FAKE_LOG=$work/log
faked=$work/prefix/bin/cedm-gen
fgen() { "$faked" --steps 2 --cluster 5 "$@" 2>err; }

fgen --n 7 --seed 3 --grid none --out auto --format raw >/dev/null
check 'auto takes the device' grep -q 'on cuda:0, Fake 0, fp16' err
check 'a batch for 3 multiprocessors' \
    grep -qx 'device 0 precision 0 batch 6' log
gen --n 7 --seed 3 --grid none --out want --format raw --device cpu >/dev/null
check 'the images are those of the CPU' diff -r auto want
for list in cuda:0,1 cuda:0,0 cuda:all; do
    rm -rf log many
    FAKE_DEVICES=3 fgen --n 7 --seed 3 --batch 2 --grid none --out many \
        --format raw --device $list >/dev/null
    check "$list shares the seeds" diff -r many want
    check "$list: nothing on stderr" test ! -s err
done
check 'cuda:all took all' [ "$(cut -d' ' -f2 log | tr -d '\n')" = 012 ]
rm log
FAKE_DEVICES=4 LOCAL_RANK=2 RANK=6 WORLD_SIZE=8 fgen --n 8 --grid none \
    --out local --device cuda >/dev/null
check 'a process takes the device of its local rank' grep -q '^device 2 ' log
rm log
fgen --n 6 --seed 3 --batch 2 --grid none --out wide --format png \
    --device cuda --precision auto >/dev/null
check 'fp16 is recorded' grep -aq '"precision":"fp16"' wide/000003.png
FAKE_OVERFLOW=5 fgen --n 6 --seed 3 --batch 2 --grid none --out wide2 \
    --device cuda >/dev/null
check 'an overflow is said' grep -q 'images 2 to 3 does not fit fp16' err
check 'and drawn in bf16' grep -aq '"precision":"bf16"' wide2/000005.png
check 'what went before stays' grep -aq '"precision":"fp16"' wide2/000004.png
FAKE_OVERFLOW=5 fgen --n 7 --seed 3 --batch 2 --grid none --out wide3 \
    --device cuda --format raw >/dev/null
check 'no image is lost on the way' diff -r wide3 want
check 'the JSON names device and precision' sh -c "'$faked' --steps 2 --n 1 \
    --device cuda --precision bf16 --json --out j.png |
    grep -q '\"device\":\"cuda:0\",\"isa\":\"sm_90\",\"precision\":\"bf16\"'"

# ---- what images are given besides, there ------------------------------------

"$bin/cedm-freeze" "$root/weights/fashion.safetensors" -o . --name other --build >/dev/null ||
    exit 1
gen --n 1 --seed 9 --out init.png --device cpu >/dev/null
alike() { # WHAT OPTION...: two GPUs draw what the CPU does
    rm -rf there here
    FAKE_DEVICES=2 "$faked" --cluster 5 --n 7 --seed 3 --batch 2 --grid none --out there \
        --format raw --device cuda:all --steps 3 "${@:2}" >/dev/null
    "$bin/cedm-gen" --cluster 5 --n 7 --seed 3 --grid none --out here --format raw \
        --device cpu --steps 3 "${@:2}" >/dev/null
    check "$1 on two GPUs" diff -r there here
}
alike 'a picture' --init init.png
alike 'a guide' --guide other.so --guidance 1.5
alike 'a mask' --init init.png --mask init.png
alike 'its rounds' --init init.png --mask init.png --resample 2
alike 'a multistep solver with one' --init init.png --mask init.png --solver ipndm
"$faked" --mix 5:7:3 --n 2 --steps 2 --out a.raw --format raw --device cuda >/dev/null
"$bin/cedm-gen" --mix 5:7:3 --n 2 --steps 2 --out b.raw --format raw --device cpu >/dev/null
check 'a mix' cmp a.raw b.raw
FAKE_OVERFLOW=5 fgen --n 6 --seed 3 --batch 2 --init init.png --mask init.png \
    --guide other.so --guidance 1 --format raw --out a.raw --device cuda >/dev/null
gen --n 6 --seed 3 --init init.png --mask init.png --guide other.so --guidance 1 \
    --format raw --out b.raw --device cpu >/dev/null
check 'an overflow draws all of it again' cmp a.raw b.raw
for device in cuda cuda:0,0 cpu; do
    FAKE_DEVICES=1 FAKE_OVERFLOW=5 "$faked" --cluster 5 --n 7 --seed 3 --batch 2 --steps 5 \
        --preview 2 --out "p$device.png" --device $device >/dev/null 2>&1
done
for step in 2 4; do
    check "previews after $step steps" cmp pcuda-step$step.png pcpu-step$step.png
    check "of two devices after $step steps" cmp pcuda:0,0-step$step.png pcpu-step$step.png
done
check '--bench runs there' "$faked" --steps 2 --n 2 --device cuda --bench

refused 1 'device cuda:3: wanted 0 to 0, got 3' \
    "$faked" --device cuda:3 --out x.png
refused 1 'device cuda: there is no GPU here' \
    env FAKE_DEVICES=0 "$faked" --device cuda --out x.png
refused 1 'device cuda: the NVIDIA driver is older' \
    env FAKE_DEVICES=old "$faked" --device cuda --out x.png
refused 1 'Fake 0 has compute capability 7.5; wanted 8.0' \
    env FAKE_ARCH=75 "$faked" --device cuda --out x.png
refused 1 'Fake 0 has 1000 of 1000 bytes free; wanted [0-9]{6,};' \
    env FAKE_BYTES=1000 "$faked" --device cuda --out x.png
FAKE_DEVICES=0 fgen --n 7 --seed 3 --grid none --out none --format raw \
    >/dev/null
check 'auto without a device is the CPU' diff -r none want
check 'silently' test ! -s err
FAKE_ARCH=75 fgen --n 7 --seed 3 --grid none --out old --format raw >/dev/null
check 'auto passes over a device that is too old' diff -r old want
# ---- cedm-verify -----------------------------------------------------------

"$bin/cedm-freeze" "$root/tests/golden/fashion.safetensors" -o m --build \
    >/dev/null || exit 1
cp "$bin/cedm-verify" prefix/bin
for mode in denoise sample; do
    for precision in fp16 bf16 fp32; do
        "$work/prefix/bin/cedm-verify" --model m/fashion.so --golden \
            "$root/tests/golden/fashion.golden.safetensors" --mode $mode \
            --device cuda --precision $precision --tolerance 1e-3 >out 2>err
        check "cedm-verify: $mode in $precision" \
            grep -q "on $precision: .* within the limits" out
    done
done
check 'activations are compared on the CPU alone' sh -c \
    "! '$work/prefix/bin/cedm-verify' --model m/fashion.so --golden \
    '$root/tests/golden/fashion.activations.safetensors' \
    --mode activations --device cuda"

vit=$root/tests/golden/science/vit
check 'freeze an encoder' "$bin/cedm-freeze" "$vit/dino-tiny.safetensors" \
    -o m --name vit --build --heads 2
encode() { # GOLDEN OPTIONS...
    "$work/prefix/bin/cedm-verify" --model m/vit.so --mode encode \
        --device cuda --golden "$vit/$1" "${@:2}" >out 2>err
}
for precision in fp32 fp16 bf16; do
    check "features there, $precision" \
        encode dino-tiny.e2e.safetensors --precision $precision
    check "are of $precision" grep -q "^vit on $precision: 1 of 1" out
done
FAKE_OVERFLOW=255 encode dino-tiny.e2e.safetensors # its first pixel
check 'features that do not fit fp16' grep -q 'does not fit' err
encode dino-tiny.golden.safetensors
check 'nothing but inputs' grep -q 'wanted 8-bit images of 32 x 32' err

# ---- the real library ------------------------------------------------------

real=$bin/../lib/$library
if [ -f "$real" ]; then
    cp "$real" prefix/lib
    refused 1 'device cuda: there is no GPU here' \
        "$faked" --device cuda --out x.png
else
    echo "skipped: $library was not built"
fi

# ---- a library that does not open ------------------------------------------

rm "prefix/lib/$library"
refused 1 "device cuda: $library: cannot open" \
    "$faked" --device cuda --out x.png
printf 'no library' >"prefix/lib/$library"
refused 1 "device cuda: .*$library" \
    "$faked" --device cuda --out x.png

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
