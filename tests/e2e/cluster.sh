#!/bin/bash
# SPDX-License-Identifier: MIT
#
# cluster.sh - cedm-cluster on the golden files: every command gives the
# golden result, with any number of threads, interrupted and resumed or not,
# and says so when it cannot.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/arrays.bash"
cluster=$bin/cedm-cluster

# same_data A.npy B.npy: equal but for their headers.
same_data() {
    cmp <(tail -c +129 "$1") <(tail -c +129 "$2")
}

# near NAME WANTED TOLERANCE COMMAND...: the line NAME of what it prints.
near() {
    local name=$1 wanted=$2 tolerance=$3
    shift 3
    "$cluster" "$@" | awk -v name="$name" -v wanted="$wanted" \
        -v tolerance="$tolerance" '
        $1 == name && NF == 2 && $2 - wanted <= tolerance &&
            wanted - $2 <= tolerance { good = 1 }
        { print }
        END { exit !good }' >&2
}

# says TEXT CODE COMMAND...: fails with the code and one line that holds it.
says() {
    local text=$1 code=$2 got=0
    shift 2
    "$cluster" "$@" 2>said.txt || got=$?
    cat said.txt >&2
    [ "$got" -eq "$code" ] && [ "$(wc -l <said.txt)" -eq 1 ] &&
        grep -qF -- "$text" said.txt
}

# ---- k-means ----------------------------------------------------------------

golden_run() { # CASE CLUSTERS OPTION...: labels are the golden ones
    local name=$1 clusters=$2
    shift 2
    array "kmeans/$name" X "$name.npy"
    array "kmeans/$name" init "$name.init.npy"
    array "kmeans/$name" lloyd.labels "$name.labels.npy"
    "$cluster" kmeans --features "$name.npy" --clusters "$clusters" \
        --init "$name.init.npy" --out "$name.ids.npy" "$@" >"$name.txt" &&
        same_data "$name.ids.npy" "$name.labels.npy"
}
check 'blobs' golden_run blobs_f64 7
check 'empty clusters' golden_run empty 6
check 'a limit of iterations' golden_run cut_iter3 15 --max-iter 3
check 'far from 0' golden_run offset_f32 12 --tol 1e-9
check 'iterations' grep -qx 'iterations 15' offset_f32.txt
check 'inertia' near inertia 4237.617474 0.005 kmeans --features blobs_f64.npy \
    --clusters 7 --init blobs_f64.init.npy --out again.npy
check 'used' grep -qx 'used 7' blobs_f64.txt
check 'what is known of ids' grep -q '"sha256":' blobs_f64.ids.json

array kmeans/plusplus_band X band.npy
band=(kmeans --features band.npy --clusters 16 --out)
check 'ten runs' near inertia 11787 3 "${band[@]}" ten.npy
check 'one thread' "$cluster" "${band[@]}" one.npy --threads 1
check 'five threads' "$cluster" "${band[@]}" five.npy --threads 5
check 'any threads' cmp one.npy five.npy
check 'their centres' cmp one.centres.safetensors five.centres.safetensors
check 'random rows' "$cluster" "${band[@]}" random.npy --init random
check 'small batches' near inertia 12490 670 "${band[@]}" small.npy --batch 256
check 'unit rows' "$cluster" "${band[@]}" unit.npy --normalize
for model in one unit; do
    check "assign by $model" "$cluster" assign --features band.npy \
        --model $model.centres.safetensors --out assigned.npy
    check "assign as $model" cmp $model.npy assigned.npy
done

# ---- neighbours -------------------------------------------------------------

array temi/knn features near.npy
array temi/knn knn near.golden.npy
check 'neighbours' "$cluster" knn --features near.npy --neighbours 8 \
    --out near.knn.npy --similarity near.cosines.npy
check 'golden neighbours' same_data near.knn.npy near.golden.npy
check 'a cosine each' test "$(wc -c <near.cosines.npy)" -eq $((128 + 120 * 8 * 4))
check 'nothing left' test ! -e near.knn.part

# ---- scores -----------------------------------------------------------------

array metrics/clustering gaps.p gaps.npy
array metrics/clustering gaps.y gaps.labels.npy
score=(score gaps.npy --labels gaps.labels.npy)
check 'acc' near acc 0.80666666666667 1e-10 "${score[@]}"
check 'nmi' near nmi 0.51499877654419 1e-10 "${score[@]}"
check 'ami' near ami 0.48717158409787 1e-10 "${score[@]}"
check 'ari' near ari 0.23199564422727 1e-10 "${score[@]}"
check 'kl' near kl 0.01912035063405 1e-10 "${score[@]}"
check 'r_c' near r_c 0.33333333333333 1e-10 "${score[@]}"
"$cluster" "${score[@]}" --json | grep -q '^{"used":.*"acc":0.80666' &&
    passed=$((passed + 1)) || { echo 'FAILED: json'; failed=$((failed + 1)); }

# ---- TEMI -------------------------------------------------------------------

small=(--hidden 32 --bottleneck 16 --batch 250 --warmup 3 --rate 1e-2
    --momentum 0.9 --neighbours 10)
temi=(temi --features band.npy --clusters 16 "${small[@]}" --epochs 15
    --heads 2)
check 'temi' "$cluster" "${temi[@]}" --out temi.npy
check 'temi on one thread' "$cluster" "${temi[@]}" --out temi1.npy --threads 1
check 'temi on any threads' cmp temi.npy temi1.npy
check 'assign by heads' "$cluster" assign --features band.npy \
    --model temi.heads.safetensors --out assigned.npy
check 'assign as temi' cmp temi.npy assigned.npy
check 'standard features' "$cluster" temi --features band.npy --clusters 16 \
    "${small[@]}" --epochs 15 --out standard.npy --standardize --normalize \
    --heads 1 --loss scan
check 'assign by those heads' "$cluster" assign --features band.npy \
    --model standard.heads.safetensors --out assigned.npy
check 'assign as those' cmp standard.npy assigned.npy
"$cluster" knn --features band.npy --neighbours 12 --out band.knn.npy >/dev/null
check 'neighbours from a file' "$cluster" "${temi[@]}" --out filed.npy \
    --knn band.knn.npy
check 'they are the same' cmp temi.npy filed.npy

bound=(bound --features band.npy "${small[@]}" --epochs 10 --grid 2,8,64
    --heads 2)
check 'bound' "$cluster" "${bound[@]}" --out bound.json
check 'its curve' grep -q '</svg>' bound.svg
check 'its lists' grep -q '"r_c_least":' bound.json

# ---- a sheet ----------------------------------------------------------------

# Six images of 8 x 8, grey 0, 40, ..., 200; clusters 0, 2 and 5.
{
    printf '\000\000\010\003\000\000\000\006\000\000\000\010\000\000\000\010'
    for grey in 000 050 120 170 240 310; do
        printf "\\$grey%.0s" {1..64}
    done
} >images.idx
npy() { # TYPE SHAPE
    printf '\223NUMPY\001\000\166\000%-117s\n' \
        "{'descr': '$1', 'fortran_order': False, 'shape': ($2,), }"
}
{
    npy '|u1' 6
    printf '\002\000\005\002\002\000'
} >six.npy
{ # one feature: image 4 is the nearest to the mean of cluster 2
    npy '|u1' '6, 1'
    printf '\000\001\002\006\004\005'
} >six.features.npy
check 'a sheet' "$cluster" show six.npy --data images.idx --columns 3 --out plain.png
check 'three rows' near clusters 3 0 show six.npy --data images.idx \
    --features six.features.npy --columns 3 --out near.png
check 'another order' bash -c '! cmp -s plain.png near.png'
check 'other images' says 'wanted an image for each of 1500 ids, got 6' 1 show \
    one.npy --data images.idx --out sheet.png

# ---- interrupted, killed, resumed -------------------------------------------

# stopped SIGNAL CODE PATTERN COMMAND...: stops a run whose progress has reached
# the pattern.
stopped() {
    local signal=$1 code=$2 pattern=$3 got=0
    shift 3
    "$cluster" "$@" --progress json >/dev/null 2>log &
    local pid=$!
    for _ in $(seq 3000); do
        grep -q "$pattern" log && break
        sleep 0.01
    done
    kill "-$signal" "$pid"
    wait "$pid" || got=$?
    [ "$got" -eq "$code" ]
}
long=(temi --features band.npy --clusters 16 "${small[@]}" --heads 2
    --epochs 120 --out)
check 'a long run' "$cluster" "${long[@]}" whole.npy
check 'interrupted' stopped INT 130 '"epoch": [1-9]' "${long[@]}" parts.npy
check 'its state' test -s parts.state
check 'killed' stopped KILL 137 '"epoch":' "${long[@]}" parts.npy --resume
check 'resumed' "$cluster" "${long[@]}" parts.npy --resume
check 'as if never stopped' cmp whole.npy parts.npy
check 'heads, too' cmp whole.heads.safetensors parts.heads.safetensors
check 'the state is gone' test ! -e parts.state

many=(kmeans --features band.npy --clusters 200 --n-init 50 --tol 0 --out)
check 'many runs' "$cluster" "${many[@]}" whole.npy
check 'runs interrupted' stopped INT 130 '"run": [1-9]' "${many[@]}" parts.npy
check 'runs resumed' "$cluster" "${many[@]}" parts.npy --resume
check 'runs as if never stopped' cmp whole.npy parts.npy
check 'centres, too' cmp whole.centres.safetensors parts.centres.safetensors
check 'interrupted again' stopped INT 130 '"run": [1-9]' "${many[@]}" parts.npy
check 'another recipe' says 'of another run; wanted' 1 "${many[@]}" parts.npy \
    --seed 7 --resume

grid=(bound --features band.npy "${small[@]}" --epochs 20 --grid 2,8,64 --heads 2
    --seeds 2 --out)
check 'a grid' "$cluster" "${grid[@]}" whole.json
check 'interrupted at 8' stopped INT 130 '"clusters": 8,' "${grid[@]}" parts.json
check 'its state' grep -q '^2 1 2$' parts.json.state
check 'a grid resumed' "$cluster" "${grid[@]}" parts.json --resume
check 'a grid as if never stopped' cmp whole.json parts.json
check 'nothing left of it' test ! -e parts.json.state

# ---- hostile ----------------------------------------------------------------

array kmeans/few_distinct X few.npy
{
    head -c 200 few.npy
    printf '\000\000\000\000\000\000\370\177' # NaN
    tail -c +209 few.npy
} >nan.npy
k=(kmeans --clusters 3 --out ids.npy --features)
check 'NaN' says 'nan.npy: element [4][1] is nan; wanted' 1 "${k[@]}" nan.npy
check 'no such file' says 'none.npy' 1 "${k[@]}" none.npy
check 'no features' says 'wanted a matrix' 1 "${k[@]}" one.npy
printf 'no array at all' >text.npy
check 'no array' says 'text.npy' 1 "${k[@]}" text.npy
check 'too many clusters' says 'wanted 1 to 40 clusters' 1 kmeans --clusters 41 \
    --features few.npy --out ids.npy
check 'one cluster' near used 1 0 kmeans --clusters 1 --features few.npy \
    --out ids.npy
check 'equal rows' near inertia 0 1e-9 kmeans --clusters 6 --features few.npy \
    --out ids.npy
check 'the same cluster for all' near used 1 0 temi --clusters 1 --neighbours 4 \
    --features few.npy --out ids.npy --batch 40 --epochs 2
check 'more clusters than rows' "$cluster" temi --clusters 100 --neighbours 4 \
    --features few.npy --out ids.npy --batch 40 --epochs 2
check 'ids of them' test "$(wc -c <ids.npy)" -eq $((128 + 40 * 4))
check 'too many neighbours' says 'wanted 1 to 39 neighbours' 1 knn \
    --neighbours 40 --features few.npy --out knn.npy
check 'too large a batch' says 'wanted batches of 1 to 40' 1 temi \
    --neighbours 4 --clusters 3 --features few.npy --out ids.npy --batch 41
check 'other features' says 'made for 8 features, got 2' 1 assign \
    --features few.npy --model one.centres.safetensors --out ids.npy
check 'no model' says 'holds neither centres nor heads' 1 assign \
    --features few.npy --model "$science/metrics/cmax.safetensors" --out i.npy
check 'other labels' says 'wanted 1200' 1 score gaps.npy --labels one.npy
check 'a foreign option' says "takes no option '--beta'" 2 "${k[@]}" few.npy \
    --beta 1
check 'no command' says 'wanted a command' 2
check 'no such command' says "unknown command 'cluster'; wanted one of" 2 cluster
check 'no clusters' says 'kmeans: wanted' 2 kmeans --features few.npy --out i.npy
cp few.npy kept.npy
ln -s few.npy link.npy
for out in few.npy link.npy; do
    check 'over its features' says "$out: would replace the input few.npy" 2 kmeans \
        --features few.npy --clusters 2 --out $out
    check 'over its centres' says "$out: would replace the input few.npy" 2 kmeans \
        --features other.npy --clusters 2 --init few.npy --out $out
done
check 'which are spared' cmp few.npy kept.npy
check 'no folder' says '/nowhere/ids.npy' 1 kmeans --features few.npy \
    --clusters 2 --out /nowhere/ids.npy

{ # 40 rows of 2 x 3
    npy '<f4' '40, 2, 3'
    head -c 960 /dev/zero
} >cube.npy
check 'three axes' says 'wanted a matrix with a row for each image, got 3 axes' 1 \
    "${k[@]}" cube.npy
check 'centres of another shape' says 'wanted a matrix of 3 x 2' 1 kmeans \
    --clusters 3 --features few.npy --init cube.npy --out ids.npy
{
    npy '<f4' '0, 4'
} >nothing.npy
check 'no rows' says 'wanted a matrix with a row for each image' 1 "${k[@]}" nothing.npy

# Features that do not vary, some or all of them.
constant() { # OUT: few.npy, as floats, between two constant columns
    npy '<f4' '40, 3'
    for _ in {1..20}; do
        printf '\0\0\200\077\0\0\0\100\0\0\200\077' # 1 2 1
        printf '\0\0\200\077\0\0\200\100\0\0\200\077' # 1 4 1
    done
}
constant >constant.npy
check 'constant columns' near inertia 0 0 kmeans --clusters 2 \
    --features constant.npy --out ids.npy
check 'they count as 0' near used 2 1 temi --clusters 2 --neighbours 4 --batch 40 \
    --epochs 2 --standardize --features constant.npy --out ids.npy
check 'assigned alike' "$cluster" assign --features constant.npy \
    --model ids.heads.safetensors --out assigned.npy
check 'to the same' cmp ids.npy assigned.npy
{
    npy '<f4' '40, 3'
    head -c 480 /dev/zero
} >equal.npy
check 'all rows the same' near used 1 0 kmeans --clusters 3 --features equal.npy \
    --out ids.npy
check 'neighbours of zeros' "$cluster" knn --neighbours 2 --features equal.npy \
    --out knn.npy
check 'are the first rows' test "$(od -An -td4 -j 128 -N 24 knn.npy | tr -d '\n' |
    tr -s ' ')" = ' 1 2 0 2 0 1'
check 'temi of them' near used 1 0 temi --clusters 3 --neighbours 4 --batch 40 \
    --epochs 2 --standardize --features equal.npy --out ids.npy

# ---- a file larger than memory ----------------------------------------------

# 120 MB of features, most of which are a hole, by programs that may have 80 MB.
# Sanitizers need more than that for themselves.
bounded() { (ulimit -d 80000 && "$cluster" "$@"); }
if bounded --version >/dev/null 2>&1; then
    {
        npy '<f4' '30000, 1024'
        yes AAAA | tr -d '\n' | head -c $((1000 * 4096)) # 12.1
    } >large.npy
    truncate -s $((128 + 30000 * 4096)) large.npy
    { npy '<i4' '30000, 1'; } >large.knn.npy
    truncate -s $((128 + 30000 * 4)) large.knn.npy
    check 'k-means of a large file' bounded kmeans --features large.npy \
        --clusters 2 --n-init 1 --out large.ids.npy --normalize
    check 'both kinds of rows' test "$(od -An -v -td4 -w4 -j 128 large.ids.npy |
        head -n 1000 | sort -u | wc -l),$(od -An -v -td4 -w4 -j 128 large.ids.npy |
        tail -n 29000 | sort -u | wc -l),$(od -An -v -td4 -w4 -j 128 large.ids.npy |
        sort -u | wc -l)" = 1,1,2
    check 'temi of a large file' bounded temi --features large.npy --knn large.knn.npy \
        --neighbours 1 --clusters 2 --heads 1 --hidden 16 --bottleneck 16 \
        --batch 1024 --epochs 1 --out large.temi.npy
    check 'assigned' bounded assign --features large.npy \
        --model large.ids.centres.safetensors --out large.assigned.npy
    check 'the same' cmp large.ids.npy large.assigned.npy
    bound_by=$(ulimit -d 40000 && "$cluster" kmeans --features large.npy \
        --clusters 20000 --n-init 1 --out x.npy 2>&1)
    check 'too little for the centres' grep -q 'out of memory' <<<"$bound_by"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
