#!/bin/bash
# SPDX-License-Identifier: MIT
#
# embed.sh - cedm-embed: the same rows for any batch, threads and parts, killed
# or not, from every kind of data set; and what it says when it cannot.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/patterns.bash"
golden=$root/tests/golden

"$bin/cedm-freeze" "$golden/fashion.safetensors" -o models --name fashion --build \
    >/dev/null || exit 1
"$bin/cedm-freeze" "$golden/ncsnpp-tiny.safetensors" -o models --name colours --build \
    >/dev/null || exit 1
model=models/fashion.so
patterns 60

images=images.idx
embed() { # OUT ARGUMENTS...
    "$bin/cedm-embed" --model $model --data $images --out "$1" --isa portable "${@:2}"
}
rows_of() { tail -c +129 "$1"; }

# ---- the same rows ----------------------------------------------------------

check 'features' embed all.npy
check 'their shape' grep -aqF "'shape': (60, 256,)" all.npy
check 'what they are' grep -q '"module":.*"dec.8x8_in1"' all.json
data=$(sha256sum images.idx | cut -d ' ' -f 1)
check 'of which images' grep -q "\"sha256\":.*\"$data\"" all.json
check 'nothing is left over' test "$(echo all*)" = 'all.json all.npy'

check 'another batch' embed batch.npy --batch 7 --threads 3
check 'same bytes' cmp all.npy batch.npy
check 'defaults, said' embed said.npy --module dec.8x8_in1 --sigma 0.2 --pool 2 --seed 0
check 'same bytes' cmp all.npy said.npy
for i in 2 0; do
    check "part $i" embed parts.npy --shard $i/3
    check 'the whole is not there' test ! -e parts.npy
done
check 'part 1' embed parts.npy --shard 1/3
check 'same bytes' cmp all.npy parts.npy
ranks() {
    SLURM_PROCID=$1 SLURM_STEP_NUM_TASKS=2 SLURM_LOCALID=0 embed ranks.npy
}
check 'as rank 1 of srun' ranks 1
check 'as rank 0 of srun' ranks 0
check 'same bytes' cmp all.npy ranks.npy
check 'more parts than images' eval 'for i in $(seq 0 63); do embed many.npy --shard $i/64 \
    --threads 1 || exit 1; done'
check 'same bytes' cmp all.npy many.npy

# Image i gets the noise of seed S + i: the rows from the second image on are
# those of a data set without the first, with the next seed.
{
    printf '\000\000\010\003\000\000\000\073'
    tail -c +9 images.idx | head -c 8
    tail -c +81 images.idx
} >later.idx
images=later.idx
check 'without the first image' embed later.npy --seed 1
images=images.idx
check 'the rows of the others' cmp <(rows_of all.npy | tail -c +1025) <(rows_of later.npy)
check 'another seed' embed seed.npy --seed 1
check 'other rows' eval '! cmp -s all.npy seed.npy'

# ---- the grid of cells ------------------------------------------------------

# The mean of the four cells is that of the whole map, to float32's precision.
quarters() {
    paste <(rows_of all.npy | od -An -v -tf4 -w1024) \
        <(rows_of one.npy | od -An -v -tf4 -w256) | awk '
        {
            for (c = 1; c <= 64; c++) {
                mean = ($c + $(64 + c) + $(128 + c) + $(192 + c)) / 4
                off = mean - $(256 + c)
                if (off > 1e-5 || off < -1e-5) bad++
            }
            values += NF
        }
        END { exit bad > 0 || values != 60 * 320 }'
}
check 'one cell' embed one.npy --pool 1
check 'is the mean of four' quarters

# ---- killed -----------------------------------------------------------------

# stopped SIGNAL LINES CODE: a run that gets the signal as it writes a line of
# its progress, one for each image: no clock decides where that is.
stopped() {
    (ASAN_OPTIONS=detect_leaks=0 exec strace -qq -o /dev/null -P "$PWD/progress" \
        -e trace=write -e inject=write:signal="$1":when="$2" \
        "$bin/cedm-embed" --model $model --data $images --out killed.npy --isa portable \
        --batch 1 --progress json) >/dev/null 2>progress
    [ $? -eq "$3" ] && [ ! -e killed.npy ]
}
goes_on() {
    embed killed.npy 2>said.txt
    grep -q 'goes on after' said.txt
}
if strace -o /dev/null true 2>/dev/null; then
    check 'killed at once' stopped KILL 1 137 2>/dev/null
    check 'interrupted' stopped TERM 5 130
    check 'killed after that' stopped KILL 5 137 2>/dev/null
    check 'it goes on' goes_on
    check 'same bytes' cmp all.npy killed.npy
fi
embed mixed.npy --sigma 0.5 >/dev/null 2>&1
mv mixed.npy mixed.npy.part
printf '{"recipe": "another", "rows": 60}' >mixed.npy.part.0-of-1.json
other() { # refused, and left as it is
    ! embed mixed.npy 2>said.txt && [ ! -e mixed.npy ] &&
        grep -q 'mixed.npy.part: what another run left.*remove mixed.npy.part\*' said.txt
}
check 'what another run left' other
rm mixed.npy.part*
check 'removed' embed mixed.npy
check 'same bytes' cmp all.npy mixed.npy

# ---- data sets --------------------------------------------------------------

check 'images drawn' "$bin/cedm-gen" --model $model --n 9 --grid none --out folder --steps 2
check 'in a zip file' "$bin/cedm-data" folder -o images.zip
images=folder
check 'features of a folder' embed folder.npy --batch 4
images=images.zip
check 'of a zip file' embed zip.npy
check 'same bytes' cmp folder.npy zip.npy
check 'names' grep -q '"000008.png"' folder.json

# ---- an encoder -------------------------------------------------------------

"$bin/cedm-freeze" "$golden/science/vit/dino-tiny.safetensors" -o models --name encoder \
    --heads 2 --build >/dev/null || exit 1
model=models/encoder.so
images=images.idx
check 'features of an encoder' embed encoded.npy
check 'another batch' embed encoded-1.npy --batch 1 --threads 3
check 'same bytes' cmp encoded.npy encoded-1.npy
check 'what they are' grep -q '"kind":.*"encoder"' encoded.json
model=models/fashion.so

# ---- errors -----------------------------------------------------------------

says() { # TEXT CODE ARGUMENTS...
    local text=$1 code=$2 got=0
    "$bin/cedm-embed" "${@:3}" 2>said.txt >/dev/null || got=$?
    cat said.txt >&2
    [ $got -eq "$code" ] && [ "$(wc -l <said.txt)" -eq 1 ] && grep -qF -- "$text" said.txt
}
all=(--model $model --data images.idx --out bad.npy --isa portable)
check 'a level for an encoder' says '--sigma: is for models that denoise' 2 \
    --model models/encoder.so --data images.idx --out bad.npy --sigma 0.2
check 'no data' says 'wanted --model M.so' 2 --model $model --out bad.npy
check 'no .npy' says 'ends in .npy' 2 --model $model --data images.idx --out bad.bin
check 'no module' says "no module 'dec.7x7_in1'" 1 "${all[@]}" --module dec.7x7_in1
check 'no map' says 'vector of the noise level' 1 "${all[@]}" --module map_layer0
check 'too many cells' says 'gives a map of 8x8' 1 "${all[@]}" --pool 9
check 'no noise' says '--sigma' 2 "${all[@]}" --sigma 0
check 'no folder' says 'cannot be written' 1 --model $model --data images.idx \
    --out nowhere/bad.npy --isa portable
cp images.idx kept.idx
ln -s images.idx images.npy
check 'over the images' says 'images.npy: would replace the input images.idx' 2 \
    --model $model --data images.idx --out images.npy
check 'which are spared' cmp images.idx kept.idx
check 'colours' "$bin/cedm-gen" --model models/colours.so --n 3 --seed 5 --grid none \
    --out drawn --steps 2
check 'for a grey network' says 'has colours' 1 --model $model --data drawn --out bad.npy
check 'grey for a network of colours' "$bin/cedm-embed" --model models/colours.so \
    --data images.idx --out grey.npy --pool 1

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
