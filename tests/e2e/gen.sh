#!/bin/bash
# SPDX-License-Identifier: MIT
#
# gen.sh - what cedm-gen promises: images depend on seed, cluster and sampler
# alone, each can be drawn again by itself, and files appear whole or not.
set -u

. "$(dirname "$0")/checks.bash"

gen() { "$bin/cedm-gen" --steps 3 "$@"; }
raw() { gen --format raw "$@" >/dev/null || echo "cedm-gen $* failed" >&2; }
slice() { # FILE INDEX: one image of a raw file, 32 x 32 grey
    tail -c +$((1024 * $2 + 1)) "$1" | head -c 1024
}
near() { # FILE FILE: no byte differs by more than 1
    cmp -l "$1" "$2" | awk '{
        a = substr($2, 1, length($2) - 2) * 64 + \
            substr($2, length($2) - 1, 1) * 8 + substr($2, length($2))
        b = substr($3, 1, length($3) - 2) * 64 + \
            substr($3, length($3) - 1, 1) * 8 + substr($3, length($3))
        if (a - b > 1 || b - a > 1) bad++
    } END { exit bad > 0 }'
}
record() { # FILE: the JSON in a PNG
    grep -ao '{"model".*}' "$1" | head -n 1
}

# ---- images depend on seed, cluster and sampler alone -----------------------

raw --cluster 5 --n 7 --seed 3 --out a.raw
check 'a raw file has n images' [ "$(wc -c <a.raw)" -eq $((7 * 1024)) ]
for batch in 1 2 5 7 64; do
    raw --cluster 5 --n 7 --seed 3 --batch $batch --out b.raw
    check "batch $batch changes nothing" cmp a.raw b.raw
done
for threads in 1 2 3 8; do
    raw --cluster 5 --n 7 --seed 3 --threads $threads --out b.raw
    check "$threads threads change nothing" cmp a.raw b.raw
done
raw --cluster 5 --seeds 3-9 --out b.raw
check '--seeds 3-9 is --seed 3 --n 7' cmp a.raw b.raw
raw --cluster 5 --seeds 9,3 --out b.raw
check 'seed 9 alone' cmp <(slice a.raw 6) <(slice b.raw 0)
check 'then seed 3' cmp <(slice a.raw 0) <(slice b.raw 1)
raw --cluster 5 --seeds 4294967299 --out b.raw
check 'seeds count modulo 2^32' cmp <(slice a.raw 0) b.raw
raw --cluster 6 --n 7 --seed 3 --out b.raw
check 'another cluster is another image' test -n "$(cmp a.raw b.raw)"
raw --cluster 5 --n 7 --seed 3 --guidance 0 --out b.raw
check 'guidance 0 is none' cmp a.raw b.raw
raw --cluster 5 --n 7 --seed 3 --guidance 1 --out b.raw
check 'guidance 1 is some' test -n "$(cmp a.raw b.raw)"
raw --cluster none --n 7 --seed 3 --out n.raw
check 'no label is another image' test -n "$(cmp a.raw n.raw)"
raw --cluster 5 --n 7 --seed 3 --guidance -1 --out b.raw
check 'guidance -1 leaves the part without a label' cmp n.raw b.raw
raw --cluster none --n 7 --seed 3 --guidance 1 --out b.raw
check 'guidance has nothing to guide without a label' near n.raw b.raw
raw --cluster 5 --n 7 --seed 3 --S-churn 40 --out b.raw
check 'churn changes images' test -n "$(cmp a.raw b.raw)"
raw --cluster 5 --n 7 --seed 3 --S-churn 40 --batch 3 --out c.raw
check 'churn does not depend on the batch' cmp b.raw c.raw
check 'one step works' "$bin/cedm-gen" --steps 1 --n 1 --out one.png

# ---- clusters --------------------------------------------------------------

raw --cluster 0-2,7 --n 6 --out b.raw
i=0
for c in 0 1 2 7 0 1; do
    raw --cluster $c --seeds $i --out c.raw
    check "image $i takes cluster $c" cmp <(slice b.raw $i) c.raw
    i=$((i + 1))
done
raw --cluster all --n 2 --out b.raw
check 'all is n for each' [ "$(wc -c <b.raw)" -eq $((40 * 1024)) ]
raw --cluster 13 --n 2 --out c.raw
check 'a row of all is its cluster' cmp <(slice b.raw 26 && slice b.raw 27) \
    c.raw
seq 20 | sed 's/.*/0/; 14s/.*/3/' >freq.txt
raw --cluster random --freq freq.txt --n 2 --out b.raw
check 'one count: always that cluster' cmp b.raw c.raw
echo "[$(sed '$!s/$/,/' freq.txt | tr -d '\n')]" >freq.json
raw --freq freq.json --n 2 --out b.raw
check 'the same as JSON' cmp b.raw c.raw
raw --freq "$root/tests/golden/freq-20.pt" --n 2 --out b.raw
check 'the same as a tensor' cmp b.raw c.raw

# ---- files -----------------------------------------------------------------

gen --cluster 5 --n 7 --seed 3 --format npy --out a.npy >/dev/null
check 'npy is a header and the raw bytes' cmp <(tail -c +129 a.npy) a.raw
check 'npy says its shape' grep -aq "'shape': (7, 32, 32, 1,)" a.npy
gen --cluster 5 --n 7 --seed 3 --format raw --grid none --out d >/dev/null
check 'a file per seed' [ "$(ls d | tr '\n' ' ')" = \
    "$(printf '%06d.raw ' 3 4 5 6 7 8 9)" ]
check 'with its image' cmp <(cat d/*) a.raw
gen --cluster all --seeds 8 --grid none --out e/f/g >/dev/null
check 'all: a file per seed and cluster' [ "$(ls e/f/g | wc -l)" -eq 20 ]
check 'named after both' test -f e/f/g/000008-c19.png

name() { # PATTERN ARGUMENTS...: the default name of the output
    wanted=$1
    shift
    got=$(gen "$@")
    check "default name $wanted" test -z "${got/$wanted/}" -a -e "$got"
}
sum='-????????'
name "fashion-c5-s0$sum.png" --cluster 5 --n 2
name "fashion-c0-3+7-s9$sum.png" --cluster 0-3,7 --n 1 --seed 9
name "fashion-all-s1$sum.npy" --cluster all --n 1 --seed 1 --format npy
name "fashion-none-s2+5$sum.raw" --cluster none --seeds 2,5 --format raw
name "fashion-random-s0$sum" --n 2 --grid none

gen --cluster 5 --n 5 --grid 3x3 --out g.png >/dev/null
check 'a grid has the size asked for' [ "$(od -An -tx1 -j16 -N8 g.png |
    tr -d ' ')" = 0000006000000060 ]

# ---- solvers ---------------------------------------------------------------

solvers=$("$bin/cedm-gen" --help | sed -n 's/^  --solver S *\(.*\) \[.*/\1/p')
check 'there are solvers' [ "$(wc -w <<<"$solvers")" -ge 6 ]
for solver in $solvers; do
    raw --cluster 5 --n 5 --seed 3 --solver "$solver" --out a.raw
    raw --cluster 5 --n 5 --seed 3 --solver "$solver" --batch 2 --threads 3 \
        --out b.raw
    check "$solver: batch and threads change nothing" cmp a.raw b.raw
    gen --n 2 --solver "$solver" --disc vpt --rho 1.5 --guidance 0.5 \
        --out u.png >/dev/null
    "$bin/cedm-gen" --from u.png --out s.png >/dev/null
    check "$solver: --from draws the same file again" cmp u.png s.png
    "$bin/cedm-gen" --n 2 --solver "$solver" --sigmas 80,9,2,0.5,0.002 \
        --out u.png >/dev/null
    "$bin/cedm-gen" --from u.png --out s.png >/dev/null
    check "$solver: also by a list of levels" cmp u.png s.png
done
"$bin/cedm-gen" --from u.png --solver heun --json --out s.png >s.json
check 'five levels are five steps that end at 0' \
    grep -q '"solver":"heun","steps":5,"evaluations":9,' s.json
"$bin/cedm-gen" --from u.png --solver ipndm --order 2 --json --out t.png >t.json
check 'and four that end at the last' \
    grep -q '"solver":"ipndm","steps":4,"evaluations":4,' t.json
check 'the record has the order' \
    test -n "$(record t.png | grep '"order":2,"sigmas":\[80,9,2,0.5,0.002\]')"
"$bin/cedm-gen" --n 1 --nfe 5 --json --out u.png >u.json 2>u.err
check '--nfe says what it picked' grep -q \
    '^cedm-gen: --nfe 5: solver ipndm of order 3, 5 steps, vpt levels' u.err
check '--nfe N is N evaluations' grep -q '"evaluations":5,' u.json
"$bin/cedm-gen" --n 1 --solver ipndm --disc vpt --steps 5 --out s.png >/dev/null
check 'and can be said in other words' cmp u.png s.png
churn='--n 1 --S-churn 9 --S-max 30'
# shellcheck disable=SC2086
gen $churn --out a.png >/dev/null
# shellcheck disable=SC2086
gen $churn --churn-draws cedm --out u.png >/dev/null
check "C-EDM's draws are others" test -n "$(cmp a.png u.png)"
"$bin/cedm-gen" --from u.png --out s.png >/dev/null
check 'and are in the record' cmp u.png s.png

# ---- the record ------------------------------------------------------------

gen --n 5 --seed 11 --S-churn 10 --guidance 0.5 --out r.png >/dev/null
"$bin/cedm-gen" --from r.png --out s.png >/dev/null
check '--from draws the same file again' cmp r.png s.png
"$bin/cedm-gen" --from r.png --steps 4 --out s.png >/dev/null
check 'but as the options say' test -n "$(cmp r.png s.png)"
gen --n 2 --solver euler --disc iddpm --schedule ve --scaling vp \
    --out u.png >/dev/null
"$bin/cedm-gen" --from u.png --out s.png >/dev/null
check '--from knows the sampler' cmp u.png s.png
"$bin/cedm-gen" --from u.png --format raw --out b.raw >/dev/null
for choice in '--solver heun' '--disc vp' '--schedule linear' \
    '--scaling none'; do
    rm -f c.raw
    # shellcheck disable=SC2086
    "$bin/cedm-gen" --from u.png $choice --format raw --out c.raw >/dev/null
    check "$choice makes other images" test -s c.raw -a -n \
        "$(cmp b.raw c.raw)"
done
gen --n 5 --seed 11 --S-churn 10 --guidance 0.5 --out r.png >/dev/null
check 'the record holds seeds' \
    test -n "$(record r.png | grep '"seeds":\[11,12,13,14,15\]')"
gen --cluster 2,4 --n 3 --grid none --out t >/dev/null
check 'each file has its own record' test -n "$(record t/000001.png |
    grep '"seeds":\[1\],"clusters":\[4\]')"
"$bin/cedm-gen" --from t/000001.png --out s.png >/dev/null
raw --cluster 4 --seeds 1 --out b.raw
"$bin/cedm-gen" --from t/000001.png --format raw --out c.raw >/dev/null
check 'and can be drawn again alone' cmp b.raw c.raw

# ---- streams ---------------------------------------------------------------

check 'the path is the only output' [ "$(gen --n 1 --out o.png 2>&1)" = o.png ]
check '--json names output and speed' grep -q \
    '^{"output":"o.png","images":1,.*"images_per_second":.*}$' \
    <(gen --n 1 --out o.png --json 2>&1)
check 'progress is JSON lines on stderr' [ "$(gen --n 3 --batch 1 \
    --progress json --out o.png 2>&1 >/dev/null | grep -c '^{.*}$')" -eq 9 ]
line='^\{"done": [0-2], "images": 3, "step": [1-3], "steps": 3, '
line+='"part": [01]\.[0-9]+, "seconds": [0-9.]+\}$'
check 'each tells the images done and the steps' [ "$(gen --n 3 --batch 1 \
    --progress json --out o.png 2>&1 >/dev/null | grep -cE "$line")" -eq 9 ]
check 'the last says that all is done' grep -q '"part": 1.0000' \
    <(gen --n 3 --batch 1 --progress json --out o.png 2>&1 >/dev/null |
        tail -n 1)
check '--bench writes no file' test -z "$(gen --bench --n 1 --out no.png |
    grep -v images/s; ls no.png 2>/dev/null)"
check '--help' test -n "$("$bin/cedm-gen" --help | grep -e --cluster)"
check '--version' test -n "$("$bin/cedm-gen" --version | grep '^cedm-gen [0-9]')"

# ---- interruption ----------------------------------------------------------

"$bin/cedm-gen" --cluster 5 --n 100000 --batch 1 --grid none --out many \
    >/dev/null 2>err &
pid=$!
tries=0
while [ "$(ls many 2>/dev/null | wc -l)" -lt 2 ] && [ $tries -lt 600 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -INT $pid
wait $pid
check 'Ctrl-C ends with 130' [ $? -eq 130 ]
check 'finished files are kept' test -s many/000001.png
check 'no half-written file is left' test -z "$(ls -A many | grep -v 'png$')"
"$bin/cedm-gen" --from many/000001.png --grid none --out w >/dev/null
check 'and are whole' cmp many/000001.png w/000001.png

printf old >single.png
"$bin/cedm-gen" --cluster 5 --n 4000 --out single.png >/dev/null 2>err &
pid=$!
sleep 0.5
kill -TERM $pid
wait $pid
check 'a stopped grid ends with 130' [ $? -eq 130 ]
check 'and leaves the old file' [ "$(cat single.png)" = old ]
check 'and no temporary' test -z "$(ls -A | grep '^\.cedm-')"

# Killed among its images, the same command draws what one that was not has drawn,
# by solvers that know earlier steps, too, and whatever draws it then.
# Sanitizers give the time to kill with fewer images.
many=$([ -z "${SAN-}" ] && echo 40 || echo 12)
killed() { # SAMPLER...: after some of the images
    "$bin/cedm-gen" --cluster 3 --n "$many" --grid none --batch 1 "$@" --out parts \
        >/dev/null 2>&1 &
    local pid=$! tries=0
    while [ ! -e parts/000002.png ] && [ $((tries += 1)) -lt 3000 ]; do
        sleep 0.01
    done
    kill -KILL $pid
    wait $pid 2>/dev/null
    [ $? -eq 137 ] && [ ! -e "$(printf 'parts/%06d.png' $((many - 1)))" ]
}
for sampler in '--nfe 10' '--solver ipndm --order 2' '--solver dpmpp --order 3' \
    '--solver unipc' '--solver deis'; do
    rm -rf whole parts
    "$bin/cedm-gen" --cluster 3 --n "$many" --grid none $sampler --out whole >/dev/null 2>&1
    check "$sampler: killed among its images" killed $sampler
    : >parts/.cedm-tmp-000000 # as a kill within a file leaves
    check "$sampler: goes on" "$bin/cedm-gen" --cluster 3 --n "$many" --grid none \
        $sampler --batch 7 --threads 3 --out parts
    check "$sampler: as if never stopped" diff -r whole parts
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
