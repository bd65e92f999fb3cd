#!/bin/bash
# SPDX-License-Identifier: MIT
#
# draw.sh - ways to draw beside seeds and clusters: guidance at some levels and
# by another network, pictures, masks, rows between clusters, previews.
set -u

. "$(dirname "$0")/checks.bash"

gen() { "$bin/cedm-gen" --steps 6 "$@"; }
raw() { gen --format raw "$@" >/dev/null || echo "cedm-gen $* failed" >&2; }
slice() { tail -c +$((1024 * $2 + 1)) "$1" | head -c 1024; } # FILE INDEX
field() { sed -n "s/.*\"$2\":\([0-9.]*\).*/\1/p" "$1"; }     # FILE NAME
differ() { ! cmp -s "$1" "$2"; }
near() { # FILE FILE MOST: no byte differs by more than MOST
    cmp -l "$1" "$2" | awk -v most="$3" '
        function byte(octal) {
            octal = sprintf("%03d", octal)
            return substr(octal, 1, 1) * 64 + substr(octal, 2, 1) * 8 + \
                substr(octal, 3)
        }
        { d = byte($2) - byte($3); if (d > most || -d > most) bad++ }
        END { exit bad > 0 }'
}
grey() { # BYTES VALUE
    head -c "$1" /dev/zero | tr '\0' "\\$2"
}
bmp() { # SIDE UPPER LOWER: a picture of two halves, values in octal
    printf 'BM\0\0\0\0\0\0\0\0\66\0\0\0\50\0\0\0'
    printf "\\$(printf %o "$1")\\0\\0\\0\\$(printf %o "$1")\\0\\0\\0"
    printf '\1\0\30\0'
    grey 24 0
    grey $(($1 * $1 * 3 / 2)) "$3"
    grey $(($1 * $1 * 3 / 2)) "$2"
}
again() { # NAME OPTION...: a.png is drawn again from its record
    gen --from a.png --out again.png "${@:2}" >/dev/null
    check "$1: --from draws the same file" cmp a.png again.png
}
one='--cluster 5 --seeds 3-7'

# ---- guidance at some levels ------------------------------------------------

raw $one --guidance 1 --out all.raw
raw $one --guidance 1 --guidance-interval 0,inf --out b.raw
check 'an interval of all levels is plain guidance' cmp all.raw b.raw
raw $one --out off.raw
raw $one --guidance 1 --guidance-interval 100,200 --out b.raw
check 'one of no level is none' cmp off.raw b.raw
gen $one --guidance 1 --guidance-interval 0.3,9 --json --out a.png >a.json
check 'evaluations are counted' [ "$(field a.json evaluations)" = 15 ]
again 'an interval'
for word in 5,1 1 1,2,3 -1,4 x,4 1,nan; do
    check "--guidance-interval $word is refused" bash -c \
        "'$bin/cedm-gen' --guidance 1 --guidance-interval $word 2>&1 |
         grep -q 'cedm-gen: --guidance-interval: wanted'"
done

# ---- another network ---------------------------------------------------------

"$bin/cedm-freeze" "$root/weights/fashion.safetensors" -o . --name other \
    --build >/dev/null
raw $one --guidance 1.5 --guide other.so --out b.raw
check 'the same network guides nowhere' near off.raw b.raw 2
gen $one --guidance 1.5 --guide other.so --json --out a.png >a.json
check 'a guide is an evaluation' [ "$(field a.json evaluations)" = 22 ]
again 'a guide' --guide other.so
check 'a record needs its guide' bash -c \
    "'$bin/cedm-gen' --from a.png 2>&1 | grep -q 'drawn with --guide'"

# ---- from pictures -----------------------------------------------------------

gen --cluster 7 --seeds 0 --out init.png >/dev/null
raw --cluster 7 --seeds 0 --out init.raw
raw $one --init init.png --strength 1 --batch 3 --out a.raw
raw $one --init init.png --strength 1 --threads 1 --out b.raw
check 'batch and threads change nothing' cmp a.raw b.raw
raw --cluster 5 --seeds 5 --init init.png --strength 1 --out b.raw
check 'nor do other images' cmp <(slice a.raw 2) b.raw
check 'at 80 little is left of a picture' near a.raw off.raw 120
"$bin/cedm-gen" $one --init init.png --strength 0.1 --format raw --out b.raw \
    >/dev/null
for i in 0 1 2 3 4; do cat init.raw; done >five.raw
check 'at low levels it is the picture' near b.raw five.raw 40
gen $one --init init.png --json --out a.png >a.json
check 'half of the steps are taken' [ "$(field a.json evaluations)" = 5 ]
again 'a picture' --init init.png
mkdir pictures
for i in 1 2 3; do
    gen --cluster $i --seeds $i --out pictures/$i.png >/dev/null
done
raw --cluster 5 --init pictures --out b.raw
check 'an image for each picture' [ "$(wc -c <b.raw)" -eq $((3 * 1024)) ]
raw --cluster 5 --seeds 1 --init pictures/2.png --out c.raw
check 'image i begins at number i' cmp <(slice b.raw 1) c.raw
gen --cluster 5 --init pictures --out a.png >/dev/null
again 'pictures' --init pictures
gen --cluster 5 --init pictures --grid none --batch 1 --out each >/dev/null
gen --from each/000002.png --init pictures --grid none --out w >/dev/null
check 'one of them again' cmp each/000002.png w/000002.png

# ---- the clusters of pictures --------------------------------------------------

"$bin/cedm-freeze" "$root/tests/golden/science/vit/dino-tiny.safetensors" -o . \
    --name encoder --heads 2 --build >/dev/null || exit 1
gen --n 12 --grid none --out photos >/dev/null
"$bin/cedm-embed" --model encoder.so --data photos --out photos.npy >/dev/null 2>&1
cluster() { # COMMAND OPTION...
    "$bin/cedm-cluster" "$1" --features photos.npy --clusters 5 --out ids.$1.npy "${@:2}"
}
check 'clusters by centres' cluster kmeans --normalize
check 'clusters by heads' cluster temi --hidden 16 --bottleneck 16 --batch 12 --epochs 3 \
    --neighbours 4 --heads 2 --rate 1e-2 --standardize
for saved in kmeans.centres temi.heads; do
    by="--encoder encoder.so --centres ids.$saved.safetensors"
    ids=$(tail -c +129 ids.${saved%.*}.npy | od -An -v -td4 -w4 | tr -d ' ' | paste -sd ,)
    raw --like photos $by --n 12 --out a.raw 2>said
    raw --cluster "$ids" --n 12 --out b.raw
    check "$saved: images that were clustered are in their clusters" cmp a.raw b.raw
    check "$saved: which is said" grep -qxF "cedm-gen: photos: cluster $ids" said
done
check 'in more than one' test "$(tr , '\n' <<<"$ids" | sort -u | wc -l)" -gt 1
raw --like photos/000007.png $by --seeds 3-7 --out a.raw 2>/dev/null
raw --cluster "$(cut -d , -f 8 <<<"$ids")" --seeds 3-7 --out b.raw
check 'one picture' cmp a.raw b.raw
gen --like photos/000007.png $by --n 4 --out a.png >/dev/null 2>&1
again 'pictures'\'' clusters'
fail() { # TEXT OPTION...
    "$bin/cedm-gen" "${@:2}" >out 2>err
    check "${*:2} fails" [ $? -eq 1 ]
    check "it says $1" grep -q -- "cedm-gen: $1" err
}
fail 'ids.temi.heads.safetensors: clusters of [0-9]* features; wanted' --like photos \
    --encoder other.so --centres ids.temi.heads.safetensors
fail '.*: holds neither centres nor heads' --like photos --encoder encoder.so \
    --centres "$root/tests/golden/images.safetensors"
fail 'none: cannot be opened' --like none $by

# ---- masks -------------------------------------------------------------------

bmp 32 377 377 >white.bmp
bmp 32 0 0 >black.bmp
bmp 32 0 377 >lower.bmp
bmp 16 377 377 >small.bmp
raw $one --init init.png --mask white.bmp --out b.raw
check 'a white mask changes nothing' cmp off.raw b.raw
raw $one --init init.png --mask black.bmp --out b.raw
check 'a black one leaves the picture' cmp five.raw b.raw
raw $one --init init.png --mask lower.bmp --resample 3 --out b.raw
check 'the upper half is kept' cmp <(slice b.raw 4 | head -c 512) \
    <(head -c 512 init.raw)
check 'the lower is drawn' differ <(slice b.raw 4) init.raw
gen $one --init init.png --mask lower.bmp --resample 3 --json --out a.png \
    >a.json
check 'rounds are counted' [ "$(field a.json evaluations)" = 31 ]
again 'a mask' --init init.png --mask lower.bmp
check 'a mask of another size is refused' bash -c \
    "'$bin/cedm-gen' --init init.png --mask small.bmp 2>&1 |
     grep -q 'small.bmp: .*wanted 32 x 32, got 16 x 16'"
nfe() { "$bin/cedm-gen" --nfe 6 $one --format raw "$@" >/dev/null 2>&1; }
nfe --out b.raw
nfe --init init.png --mask white.bmp --out c.raw
check 'nor does it for a multistep solver' cmp b.raw c.raw
nfe --init init.png --mask black.bmp --out b.raw
check 'nor is anything else left by one' cmp five.raw b.raw
nfe --init init.png --mask lower.bmp --out b.raw
check 'whose upper half is kept' cmp <(slice b.raw 4 | head -c 512) <(head -c 512 init.raw)
nfe --init init.png --mask lower.bmp --batch 3 --threads 1 --out c.raw
check 'for any batch and threads' cmp b.raw c.raw
check 'rounds are for those that remember nothing' bash -c \
    "'$bin/cedm-gen' --init init.png --mask white.bmp --nfe 9 --resample 2 2>&1 |
     grep -q -- '--resample: wanted it with --solver heun, euler, got ipndm'"
check 'those of a record too' bash -c \
    "'$bin/cedm-gen' --from a.png --init init.png --mask lower.bmp --nfe 9 2>&1 |
     grep -q -- '--resample: wanted it with --solver heun, euler, got ipndm'"

# ---- between clusters ----------------------------------------------------------

raw --mix 5:7:5 --seeds 3,8,9,9 --out a.raw
check 'two rows of five' [ "$(wc -c <a.raw)" -eq $((10 * 1024)) ]
raw --cluster 5 --seeds 3,9 --out b.raw
raw --cluster 7 --seeds 8,9 --out c.raw
check 'a row begins in its cluster' cmp <(slice a.raw 0) <(slice b.raw 0)
check 'and ends in the other' cmp <(slice a.raw 4) <(slice c.raw 0)
check 'so does the next' cmp <(slice a.raw 5) <(slice b.raw 1)
check 'to its end' cmp <(slice a.raw 9) <(slice c.raw 1)
raw --mix 5:7:5 --seeds 3,8,9,9 --batch 3 --threads 1 --out b.raw
check 'batch and threads change no row' cmp a.raw b.raw
gen --mix 5:7:5 --n 2 --out a.png >/dev/null
again 'a mix'

# ---- previews -------------------------------------------------------------------

gen $one --batch 3 --preview 2 --out p.png >/dev/null
check 'every second step but the last' [ "$(echo p-step*)" = \
    'p-step2.png p-step4.png' ]
gen $one --batch 3 --out q.png >/dev/null
check 'they change no image' cmp p.png q.png
check 'they have no record' bash -c \
    "'$bin/cedm-gen' --from p-step2.png 2>&1 | grep -q p-step2.png"

# ---- levels that fit ------------------------------------------------------------

fit() { "$bin/cedm-gen" --fit-sigmas --nfe 6 --cluster 0-3 --n 4 "$@" 2>/dev/null; }
levels=$(fit)
check 'seven levels from 80 to 0.002' bash -c \
    "[[ $levels =~ ^80(,[0-9.e-]+){5},0.002$ ]]"
check 'batch and threads change none' [ "$(fit --batch 3 --threads 1)" = \
    "$levels" ]
fitted="--solver ipndm --sigmas $levels"
"$bin/cedm-gen" $one $fitted --json --out a.png >a.json
check 'they make six steps' [ "$(field a.json evaluations)" = 6 ]

# ---- what does not go together ---------------------------------------------------

refuse() { # TEXT OPTION...
    "$bin/cedm-gen" "${@:2}" >out 2>err
    check "${*:2} is a usage error" [ $? -eq 2 ]
    check "it says $1" grep -q -- "cedm-gen: $1" err
    check 'in one line' [ "$(wc -l <err)" -eq 1 ]
}
refuse '--guide: wanted it with --guidance' --guide other.so
refuse '--guidance-interval: wanted it with' --guidance-interval 1,5
refuse '--like: wanted --encoder' --like photos --encoder encoder.so
refuse '--encoder: wanted it with --like' --encoder encoder.so
refuse '--like says which clusters' --like photos $by --cluster 5
refuse '--strength: wanted it with --init' --strength 0.5
refuse '--strength: wanted a number' --init init.png --strength 0
refuse '--mask: wanted it with --init' --mask white.bmp
refuse '--resample: wanted it with --mask' --init init.png --resample 2
refuse '--init: pictures has 3 pictures, more' --init pictures --n 2
refuse '--mix: wanted CLUSTER:CLUSTER:STEPS' --mix 5:7
refuse '--mix: wanted CLUSTER:CLUSTER:STEPS' --mix 5:7:1
refuse '--mix: cluster 20 is out of range' --mix 5:20:3
refuse '--mix: a row goes from one seed' --mix 5:7:3 --seeds 1,2,3
refuse '--mix says which clusters' --mix 5:7:3 --cluster 5
refuse '--grid none: images between' --mix 5:7:3 --grid none
refuse '--preview: wanted it with one PNG' --preview 2 --grid none
refuse '--bench looks at plain runs' --bench --mix 5:7:3
refuse '--fit-sigmas: wanted 2 to 61 levels' --fit-sigmas --steps 62
refuse '--fit-sigmas: wanted it without --sigmas' --fit-sigmas --sigmas 80,1
refuse '--fit-sigmas prints a list' --fit-sigmas --out x
refuse '--fit-sigmas needs a CPU' --fit-sigmas --steps 6 --device cuda

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
