#!/bin/bash
# SPDX-License-Identifier: MIT
#
# bad_use.sh - every wrong use of the tools ends with the right exit code, one
# line on stderr that says what was wrong, nothing on stdout, and no file.
set -u

. "$(dirname "$0")/checks.bash"
golden=$root/tests/golden
mkdir "$work/models" "$work/here"
cd "$work/here" || exit 1

complain() { # what went wrong
    printf 'FAILED: %s\n' "$1"
    sed 's/^/    stderr: /' "$work/err" | head -n 5
    failed=$((failed + 1))
}

# expect CODE PATTERN TOOL ARGUMENT...
expect() {
    code=$1 pattern=$2 tool=$3
    shift 3
    "$bin/$tool" "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    lines=$(wc -l <"$work/err")
    files=$(ls -A .)
    if [ "$got" -ne "$code" ]; then
        complain "$tool $*: wanted exit code $code, got $got"
    elif [ "$lines" -ne 1 ]; then
        complain "$tool $*: wanted one line on stderr, got $lines"
    elif ! grep -Eq -- "^$tool: .*($pattern)" "$work/err"; then
        complain "$tool $*: wanted a line matching '$pattern'"
    elif [ -s "$work/out" ]; then
        complain "$tool $*: wanted nothing on stdout"
    elif [ -n "$files" ]; then
        complain "$tool $*: left files: $files"
        rm -rf ./*
    else
        passed=$((passed + 1))
    fi
}

# ---- models to misuse ------------------------------------------------------

freeze() { # CHECKPOINT NAME
    "$bin/cedm-freeze" "$golden/$1.safetensors" -o "$work/models" \
        --name "$2" --build >/dev/null || exit 1
}
freeze fashion good
freeze uncond-tiny uncond
m=$work/models

copy() { # NAME: the good model under another name
    cp "$m/good.so" "$m/$1.so"
    cp "$m/good.cedm" "$m/$1.cedm"
}
flip() { # FILE OFFSET: flips one bit
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    printf "\\$(printf %03o $((byte ^ 4)))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
size=$(wc -c <"$m/good.cedm")
copy header && flip "$m/header.cedm" 40
copy tensor && flip "$m/tensor.cedm" $((size / 2))
copy trailer && flip "$m/trailer.cedm" $((size - 20))
copy short && head -c $((size - 1)) "$m/good.cedm" >"$m/short.cedm"
copy long && printf x >>"$m/long.cedm"
copy empty && : >"$m/empty.cedm"
copy text && printf 'hello, world\n' >"$m/text.cedm"
copy foreign && cp "$m/uncond.cedm" "$m/foreign.cedm"
copy blobless && rm "$m/blobless.cedm"
cp "$m/good.cedm" "$m/codeless.cedm"
cp "$m/good.cedm" "$m/noelf.so" && cp "$m/good.cedm" "$m/noelf.cedm"

gen='cedm-gen'

# ---- the command line ------------------------------------------------------

expect 2 "unknown option '--nosuch'" $gen --nosuch
expect 2 "unknown option '-n'; wanted --n" $gen -n 5
expect 2 "unexpected '5'" $gen 5
expect 2 '--steps: missing value' $gen --steps
expect 2 '--out: missing value' $gen --cluster 5 --out
expect 2 '--n: empty value' $gen --n=
expect 2 'given twice' $gen --n 1 --n 1
expect 2 '--json takes no value' $gen --json=1

expect 2 'out of range.*clusters 0 to 19' $gen --cluster 20
expect 2 'out of range.*clusters 0 to 19' $gen --cluster 0-20
expect 2 'out of range' $gen --cluster 18446744073709551615
expect 2 '--cluster: not a list' $gen --cluster -1
expect 2 '--cluster: not a list' $gen --cluster five
expect 2 '--cluster: not a list' $gen --cluster 1,,2
expect 2 '--cluster: not a list' $gen --cluster 1.5
expect 2 '--cluster: a range runs backwards' $gen --cluster 7-3
expect 2 'unconditional' $gen --model "$m/uncond.so" --cluster 0
expect 2 'unconditional' $gen --model "$m/uncond.so" --cluster all
expect 2 'unconditional' $gen --model "$m/uncond.so" --cluster random

expect 2 '--n: wanted an integer from 1' $gen --n 0
expect 2 '--n: wanted an integer' $gen --n -1
expect 2 '--n: wanted an integer' $gen --n 18446744073709551616
expect 2 '--n: .*beyond 64 bits' $gen --n 18446744073709551615
expect 2 '--n: .*beyond 64 bits' $gen --n 2 --seed 18446744073709551615
expect 2 '--n: .*beyond 64 bits' \
    $gen --n 18446744073709551614 --cluster all
expect 2 '--n: wanted an integer' $gen --n many
expect 1 'too large for one PNG' $gen --n 1000000000000
expect 2 '--seed: wanted an integer' $gen --seed -1
expect 2 '--seed: wanted an integer' $gen --seed 1.5
expect 2 '--seeds: not a list' $gen --seeds 1,x
expect 2 '--seeds: not a list' $gen --seeds 1-
expect 2 '--seeds: not a list' $gen --seeds 0-18446744073709551616
expect 2 '--seeds: a range runs backwards' $gen --seeds 63-0
expect 2 '--seeds: the list is too long' $gen --seeds 0-18446744073709551615
expect 2 '--seeds says how many' $gen --n 4 --seeds 0-3
expect 2 '--seeds says how many' $gen --seed 4 --seeds 0-3
expect 2 'seed is given twice' $gen --seeds 3,3 --grid none --out d

expect 2 '--steps: wanted an integer from 1' $gen --steps 0
expect 2 '--steps: wanted an integer' $gen --steps 1000000
expect 2 '--sigma-min: wanted at most' $gen --sigma-min 5 --sigma-max 1
expect 2 '--sigma-min: wanted at most' $gen --sigma-min 81
for option in sigma-min sigma-max rho S-churn S-min S-max S-noise guidance; do
    expect 2 "--$option: wanted a number.*'nan'" $gen --$option nan
    expect 2 "--$option: wanted a number.*'x'" $gen --$option x
done
expect 2 '--sigma-min: wanted a number' $gen --sigma-min 0
expect 2 '--sigma-min: wanted a number' $gen --sigma-min -1
expect 2 '--sigma-max: wanted a number' $gen --sigma-max inf
expect 2 '--rho: wanted a number other than 0' $gen --rho 0
expect 2 '--S-churn: wanted a number' $gen --S-churn -1

expect 2 '--solver: wanted one of heun, euler' $gen --solver rk4
expect 2 '--disc: wanted one of edm, vp, ve, iddpm' $gen --disc ddim
expect 2 '--schedule: wanted one of linear, vp, ve' $gen --schedule edm
expect 2 '--scaling: wanted one of none, vp' $gen --scaling ve
expect 2 '--sigma-min: wanted at most' $gen --disc ve --sigma-min 100.5
expect 1 'range does not suit the schedule' \
    $gen --schedule vp --sigma-min 1 --sigma-max 2
expect 1 'range does not suit the schedule' \
    $gen --disc iddpm --sigma-min 80 --sigma-max 80
expect 1 'range does not suit the schedule' \
    $gen --bench --disc vp --sigma-min 1 --sigma-max 2

expect 2 "unknown option '--S_churn=4'; wanted --S-churn" $gen --S_churn=4
expect 2 "unknown option '--sigma_min'; wanted --sigma-min" $gen --sigma_min 1
expect 2 "unknown option '--outdir=x'; wanted --grid none --out" $gen --outdir=x
expect 2 "unknown option '--class'; wanted --cluster" $gen --class 3
expect 2 "unknown option '--network'; wanted --model" $gen --network M.so
expect 2 "unknown option '--net_work'; wanted --model" $gen --net_work M.so
expect 2 "unknown option '--clusters'; wanted --cluster" $gen --clusters 3
expect 2 "unknown option '-h'; wanted --help" $gen -h
expect 2 '--nfe: wanted an integer from 1' $gen --nfe 0
for option in '--solver heun' '--order 2' '--steps 4' '--disc vpt' '--rho 3' \
    '--sigmas 9,1'; do
    # shellcheck disable=SC2086
    expect 2 '--nfe picks solver, steps and levels' $gen --nfe 4 $option
done
expect 2 '--order: heun has orders 2 to 2' $gen --order 3
expect 2 '--order: ipndm has orders 1 to 3.*got 4' \
    $gen --solver ipndm --order 4
expect 2 '--order: unipc has orders 1 to 2.*got 3' \
    $gen --solver unipc --order 3
expect 2 '--S-churn: wanted it with --solver heun, euler, got ipndm' \
    $gen --solver ipndm --S-churn 1
expect 2 '--S-churn: wanted it with --solver' $gen --nfe 8 --S-churn 1
expect 2 '--schedule: wanted it with --solver' $gen --solver dpmpp --schedule vp
expect 2 '--scaling: wanted it with --solver' $gen --solver deis --scaling vp
expect 2 '--disc list: wanted --sigmas' $gen --disc list
expect 2 '--sigmas: wanted numbers above 0' $gen --sigmas 9,1,
expect 2 '--sigmas: wanted numbers above 0' $gen --sigmas 9,x
expect 2 '--sigmas: wanted numbers above 0' $gen --sigmas '9, 1'
expect 2 '--sigmas: wanted numbers above 0' $gen --sigmas 9,1,0
expect 2 '--sigmas: wanted numbers above 0' $gen --sigmas inf,1
expect 2 '--sigmas: wanted numbers above 0' $gen --sigmas nan
expect 2 '--sigmas: wanted levels that fall, got 2 after 1' $gen --sigmas 3,1,2
expect 2 '--sigmas: wanted levels that fall' $gen --sigmas 3,3
expect 2 '--sigmas: wanted 2 to 65536 levels, got 1' \
    $gen --solver ipndm --sigmas 3
expect 2 '--sigmas says all levels' $gen --sigmas 3,1 --steps 2
expect 2 '--sigmas says all levels' $gen --sigmas 3,1 --disc edm
expect 2 '--sigmas says all levels' $gen --sigmas 3,1 --sigma-max 3
expect 2 '--churn-draws: wanted one of edm, cedm' $gen --churn-draws some
expect 1 'noise levels do not fall' \
    $gen --solver ipndm --disc iddpm --steps 2000

expect 2 '--batch: wanted an integer from 1' $gen --batch 0
expect 2 '--batch: wanted an integer' $gen --batch 65537
expect 2 '--threads: wanted an integer from 1' $gen --threads 0
expect 2 '--isa: wanted' $gen --isa sse9
expect 2 '--isa: wanted' $gen --isa portable,
for device in gpu cuda: cuda:x cuda:0,x cuda:-1 cuda:0-70 cuda:70000; do
    expect 2 "--device: wanted .* got '$device'" $gen --device $device
done
for part in 1 1/ /2 2/2 0/0 -1/2 1/2/3 0/1000001 0x0/2; do
    expect 2 "--shard: wanted I/N .* got '$part'" \
        $gen --shard $part --grid none
done
expect 2 '--shard: part 1 of 2; wanted it with --grid none' $gen --shard 1/2
expect 2 '--precision bf16: a CPU computes in fp32' \
    $gen --device cpu --precision bf16
expect 2 '--precision: wanted one of' $gen --precision fp8
expect 2 '--format: wanted one of' $gen --format jpg
expect 2 '--progress: wanted one of' $gen --progress loud
expect 2 '--grid: wanted' $gen --grid 8
expect 2 '--grid: wanted' $gen --grid 0x8
expect 2 '--grid: wanted' $gen --grid 8x8x8
expect 2 '--grid: wanted' $gen --grid -1x-1
expect 2 '--grid: 2x2 has no room' $gen --n 5 --grid 2x2
expect 2 '--grid: a grid is a PNG' $gen --n 4 --grid 2x2 --format npy

# ---- files -----------------------------------------------------------------

one='--n 1 --steps 1'
expect 1 'nowhere/x.png: cannot be written' $gen $one --out nowhere/x.png
expect 1 'No space left' $gen $one --out /dev/full
expect 1 'is a directory' $gen $one --out "$m"
expect 1 'is no directory' $gen $one --grid none --out "$m/good.so"
expect 1 'cannot be made' $gen $one --grid none --out /dev/null/x
expect 1 'freq.txt: cannot be read' $gen $one --freq freq.txt
expect 1 'models: not a file; .*got a directory' $gen $one --freq "$m"
printf '1 2 3\n' >"$work/three"
expect 1 'wanted 20 counts.*got 3' $gen $one --freq "$work/three"
printf '1 2 x\n' >"$work/words"
expect 1 'not a list of counts' $gen $one --freq "$work/words"
printf '%s\n' 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 >"$work/zeros"
expect 1 'the counts sum to 0' $gen $one --freq "$work/zeros"
expect 1 'wanted 20 numbers.*got 7' $gen $one --freq "$golden/freq-7.pt"
head -c 800 "$golden/freq-20.pt" >"$work/cut.pt"
expect 1 'cut.pt:zip: not a sound zip archive' $gen $one --freq "$work/cut.pt"
expect 2 '--freq: wanted it with' $gen $one --cluster 5 --freq "$work/three"
expect 2 '--freq: model uncond is unconditional' \
    $gen $one --model "$m/uncond.so" --freq "$work/three"

expect 1 'nosuch.so: No such file' $gen --model nosuch.so
expect 1 'codeless.so: No such file' $gen --model "$m/codeless.so"
expect 1 'blobless.cedm: cannot be opened' $gen --model "$m/blobless.so"
expect 1 'noelf.so: is no loadable model' $gen --model "$m/noelf.so"
expect 1 'header.cedm: .*header is damaged' $gen --model "$m/header.so"
expect 1 'tensor.cedm: .*tensor .*damaged' $gen --model "$m/tensor.so"
expect 1 'trailer.cedm: .*description is damaged' $gen --model "$m/trailer.so"
expect 1 'foreign.cedm: .*belongs to another model' $gen --model "$m/foreign.so"
expect 1 'short.cedm: ' $gen --model "$m/short.so"
expect 1 'long.cedm: ' $gen --model "$m/long.so"
expect 1 'empty.cedm: ' $gen --model "$m/empty.so"
expect 1 'text.cedm: ' $gen --model "$m/text.so"

"$bin/cedm-gen" --model "$m/uncond.so" $one --out "$work/other.png" >/dev/null
head -c 100 "$work/other.png" >"$work/short.png"
expect 1 'other.png: drawn by another model' $gen --from "$work/other.png"
expect 1 'models: not a file; .*got a directory' $gen --from "$m"
expect 1 'short.png: ' $gen --from "$work/short.png"
expect 1 'three: not a PNG' $gen --from "$work/three"
expect 1 'none.png: cannot be read' $gen --from none.png
: >"$work/void.png"
: >"$work/void"
expect 1 'void.png: the file is empty' $gen --from "$work/void.png"
expect 1 'void.png: the file is empty' $gen --init "$work/void.png"
expect 1 'void: the file is empty' $gen --init "$m/../void"
expect 1 'void.png: the file is empty' $gen $one --freq "$work/void.png"

# What is drawn replaces nothing that it is drawn from.
cp "$work/other.png" "$work/kept.png"
mkdir "$work/album"
cp "$work/other.png" "$work/album/1.png"
ln -s other.png "$work/link.png"
ln "$work/other.png" "$work/twin.png"
for out in other link twin; do
    for input in init from freq; do
        expect 2 "$out.png: would replace the input" \
            $gen --$input "$work/other.png" --out "$work/$out.png"
    done
done
expect 2 'kept.png: would replace the input' $gen --init "$work/other.png" \
    --mask "$work/kept.png" --out "$work/kept.png"
expect 2 'good.so: would replace the input' \
    $gen --model "$m/good.so" --out "$m/good.so"
expect 2 '1.png: would replace a picture' \
    $gen --init "$work/album" --out "$work/album/1.png"
expect 2 'replace the input .*1.png; wanted another folder' \
    $gen --init "$work/album/1.png" --grid none --out "$work/album"
expect 2 'album: would replace the input' \
    $gen --init "$work/album" --grid none --out "$work/album"
if cmp -s "$work/other.png" "$work/kept.png"; then
    passed=$((passed + 1))
else
    complain 'a picture was replaced'
fi
expect 2 '--from says seeds' $gen --from "$work/other.png" --n 4

# ---- the other tools -------------------------------------------------------

g=$golden/fashion
expect 2 'wanted CHECKPOINT -o DIR' cedm-freeze
expect 2 'wanted CHECKPOINT -o DIR' cedm-freeze "$g.safetensors"
expect 2 "unknown option '--nosuch'" cedm-freeze --nosuch
expect 2 '-o: missing value' cedm-freeze "$g.safetensors" -o
expect 2 'unexpected' cedm-freeze "$g.safetensors" more -o d
expect 2 '--name: the model.s name .3d. is not usable' \
    cedm-freeze "$g.safetensors" -o d --name 3d
expect 2 '--weights: wanted one of' \
    cedm-freeze "$g.safetensors" -o d --weights f64
expect 1 'freq.txt: cannot be read' \
    cedm-freeze "$g.safetensors" -o d --freq freq.txt
expect 1 'wanted 20 numbers.*got 7' \
    cedm-freeze "$g.safetensors" -o d --freq "$golden/freq-7.pt"
expect 1 'cut.pt:zip: not a sound zip archive' \
    cedm-freeze "$g.safetensors" -o d --freq "$work/cut.pt"
expect 1 'freq-20.pt:data.pkl: no configuration.*torch.save' \
    cedm-freeze "$golden/freq-20.pt" -o d
cp "$g.safetensors" "$work/net.csv"
expect 2 'net.csv: would replace the input' \
    cedm-freeze "$work/net.csv" -o "$work"
expect 1 'none.safetensors' cedm-freeze none.safetensors -o d
expect 1 '.' cedm-freeze "$work/three" -o d
expect 1 '.' cedm-freeze "$g.golden.safetensors" -o d
expect 1 '/dev/null' cedm-freeze "$g.safetensors" -o /dev/null/x

expect 2 'wanted --model' cedm-verify
expect 2 'wanted --model' cedm-verify --model "$m/good.so"
expect 2 '--mode: wanted one of' \
    cedm-verify --model "$m/good.so" --golden x --mode fast
expect 2 '--tolerance: wanted a number' \
    cedm-verify --model "$m/good.so" --golden x --tolerance nan
expect 1 'none.safetensors' \
    cedm-verify --model "$m/good.so" --golden none.safetensors
expect 1 "holds no array 'x'" \
    cedm-verify --model "$m/good.so" --golden "$g.safetensors"
expect 1 'the model is another' \
    cedm-verify --model "$m/uncond.so" --golden "$g.golden.safetensors"
expect 1 'NAME.activations.safetensors' cedm-verify --mode activations \
    --model "$m/good.so" --golden "$g.golden.safetensors"

expect 2 'wanted FILE' cedm-info
expect 2 'unexpected' cedm-info a b
expect 1 'none.so: No such file' cedm-info none.so
expect 1 'none.cedm: cannot be read' cedm-info none.cedm
expect 1 'tensor.cedm: ' cedm-info "$m/tensor.so"
expect 1 'trailer.cedm: .*description is damaged' cedm-info "$m/trailer.cedm"
expect 1 'short.cedm: the blob is shorter' cedm-info "$m/short.cedm"
expect 1 '.' cedm-info "$work/three"

# Results that cannot be printed are a failed run.
for command in "cedm-info $m/good.so" "cedm-info --json $g.safetensors" \
    "cedm-gen $one --bench" "cedm-gen --help" \
    "cedm-freeze $g.safetensors -o $work/f" \
    "cedm-verify --model $m/good.so --golden $g.golden.safetensors"; do
    # shellcheck disable=SC2086
    if "$bin"/$command >/dev/full 2>"$work/err" ||
        ! grep -q 'standard output cannot be written' "$work/err"; then
        complain "$command >/dev/full"
    else
        passed=$((passed + 1))
    fi
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
