#!/bin/bash
# SPDX-License-Identifier: MIT
#
# eval.sh - cedm-eval on features of the golden files: every command gives
# the golden value, with any number of threads, and says so when it cannot.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/arrays.bash"
. "$root/tests/e2e/patterns.bash"
metrics=$science/metrics
eval=$bin/cedm-eval

# features FILE KEY: an array of features as KEY.npy.
features() { array "metrics/$1" "$2" "$2.npy"; }

# golden FILE KEY: a number of one.
golden() {
    local file=$metrics/$1.safetensors length begin
    length=$(number "$file" 0 8)
    begin=$(tail -c +9 "$file" | head -c "$length" | tr -d ' ' |
        sed -n "s/.*\"$2\":{[^}]*\"data_offsets\":\[\([0-9]*\),.*/\1/p")
    od -An -v -tf8 -j "$((8 + length + begin))" -N 8 "$file" | tr -d ' '
}

# near NAME WANTED TOLERANCE COMMAND...: the line NAME of what it prints.
near() {
    local name=$1 wanted=$2 tolerance=$3
    shift 3
    "$eval" "$@" | awk -v name="$name" -v wanted="$wanted" \
        -v tolerance="$tolerance" '
        $1 == name && NF == 2 && $2 - wanted <= tolerance &&
            wanted - $2 <= tolerance { good = 1 }
        { print }
        END { exit !good }' >&2
}

# ---- goldens ----------------------------------------------------------------

features fd full.X
features fd full.Y
features fd n_lt_d.X
features fd n_lt_d.Y
for set in full n_lt_d; do
    x=$set.X y=$set.Y
    wanted=$(golden fd $set.fd_exact)
    check "ref $x" "$eval" ref $x.npy -o $x.npz
    check "ref $y" "$eval" ref $y.npy -o $y.npz
    for a in $x.npy $x.npz; do
        for b in $y.npy $y.npz; do
            check "fd $a $b" near fd "$wanted" 1e-9 fd $a $b
        done
    done
done
features fd_infinity real
features fd_infinity fake
# of other subsets than the golden's: the noise of 15 of them
check "fd-infinity" near fd_infinity "$(golden fd_infinity intercept)" 0.15 \
    fd-infinity real.npy fake.npy

features kid X
features kid Y
check "kid, whole sets" near kid "$(golden kid all_pairs_unbiased)" 1e-12 \
    kid X.npy Y.npy
check "kid, one estimate" near kid_std 0 0 kid X.npy Y.npy
# 1000 subsets of a mean of 0.157 and a deviation of 0.05
check "kid, subsets" near kid "$(golden kid all_pairs_unbiased)" 0.01 \
    kid X.npy Y.npy --subset-size 60 --subsets 1000
check "kid, their deviation" near kid_std "$(golden kid std_population)" 0.025 \
    kid X.npy Y.npy --subset-size 60 --subsets 1000

features prdc real
features prdc fake
for name in precision recall density coverage; do
    check "prdc $name" near $name "$(golden prdc $name)" 1e-12 \
        prdc real.npy fake.npy
done
for name in precision recall; do
    check "prdc $name, k = 3" near $name "$(golden prdc ${name}_k3_le)" 1e-12 \
        prdc real.npy fake.npy --neighbours 3 --closed
done

for name in train test_id test_ood; do
    features auroc $name
done
# 12 of 6300 pairs are rows of the training set, told apart by rounding
check "auroc" near auroc "$(golden auroc auroc)" 0.0019 \
    auroc train.npy test_id.npy test_ood.npy
check "fpr95" near fpr95 "$(golden auroc fpr95)" 1e-12 \
    auroc train.npy test_id.npy test_ood.npy

features is_vendi probs
features is_vendi features
check "is" near is "$(golden is_vendi is_mean_std)" 1e-10 \
    is probs.npy --splits 5
check "vendi" near vendi "$(golden is_vendi vendi)" 1e-10 vendi features.npy

# ---- data sets --------------------------------------------------------------

model() { # CHECKPOINT NAME OPTION...
    "$bin/cedm-freeze" "$root/tests/golden/$1.safetensors" -o models --name "$2" --build \
        "${@:3}" >/dev/null || exit 1
}
model fashion denoiser
model science/vit/dino-tiny encoder --heads 2
for seed in 0 100; do
    check "images from $seed" "$bin/cedm-gen" --model models/denoiser.so --n 9 \
        --seed $seed --grid none --out from$seed --steps 2
done
check "in a zip file" "$bin/cedm-data" from100 -o from100.zip

# of_images COMMAND SET...: what it says of sets is what it says of their
# features.
of_images() {
    local files=()
    for set in "${@:2}"; do
        "$bin/cedm-embed" --model models/$model.so --data "$set" \
            --out "$set.$model.npy" >&2 || return 1
        files+=("$set.$model.npy")
    done
    "$eval" "$1" "${files[@]}" >wanted && "$eval" "$@" --model models/$model.so >got &&
        cmp wanted got >&2
}
for model in denoiser encoder; do
    check "fd of images, $model" of_images fd from0 from100.zip
done
check "kid of images" of_images kid from0 from100
check "prdc of images" of_images prdc from0 from100
check "auroc of images" of_images auroc from0 from100 from100
check "vendi of images" of_images vendi from0
check "ref of images" "$eval" ref from0 --model models/encoder.so -o images.npz
check "ref of their features" "$eval" ref from0.encoder.npy -o features.npz
check "the same statistics" cmp images.npz features.npz
check "images beside features" "$eval" fd images.npz from100 --model models/encoder.so
check "how far it is" eval '"$eval" vendi from0 --model models/encoder.so --progress json \
    2>&1 | grep -q "\"done\": 9"'

# ---- stopped ----------------------------------------------------------------

# Two sets, of 5 batches and of one.
patterns 80
of_two() { # ARGUMENT...
    "$eval" fd images.idx from0 --model models/denoiser.so --json --progress json "$@"
}
# killed ARGUMENT...: of a tracer; what it printed is worth nothing.
killed() {
    (ASAN_OPTIONS=detect_leaks=0 exec strace -f -qq -o /dev/null "$@" "$eval" fd images.idx \
        from0 --model models/denoiser.so --json --progress json --state state) \
        >printed 2>progress
    [ $? -eq 137 ]
}
# goes_on TEXT: it says so, and ends with the same bytes and without a state.
goes_on() {
    cp -r state kept
    of_two --state state >got 2>said && cmp whole got >&2 && grep -q "$1" said && [ ! -e state ]
}
all_there='images.idx: goes on after 80 of 80'
check "never stopped" eval 'of_two >whole 2>lines'
check "with a state" eval 'of_two --state state 2>/dev/null | cmp whole - >&2'
check "which is gone" test ! -e state
if strace -o /dev/null true 2>/dev/null; then
    check "killed at once" killed -P "$PWD/progress" -e trace=write \
        -e inject=write:signal=KILL:when=1
    check "all is to do" eval 'of_two --state state 2>/dev/null | cmp whole - >&2'
    # Slow enough that every second batch is kept, killed when the second is.
    check "killed between batches" killed -e trace=pwrite64,rename \
        -e inject=pwrite64:delay_enter=2600000 -e inject=rename:signal=KILL:when=2
    rm -rf kept
    check "it goes on there" goes_on 'images.idx: goes on after 16 of 80'
    mv kept state
    check "killed in the second set" killed -P "$PWD/state/2.npy.part" -e trace=pwrite64 \
        -e inject=pwrite64:signal=KILL:when=2
    check "the first is there" goes_on "$all_there"
    mv kept state
    check "killed as it prints" killed -P "$PWD/printed" -e trace=write \
        -e inject=write:signal=KILL:when=1
    check "both are there" goes_on 'from0: goes on after 9 of 9'
    for n in 1 2 3 4 5; do
        rm -rf state
        cp -r kept state
        check "killed at removal $n" killed -e trace=unlink -e inject=unlink:signal=KILL:when=$n
        check "again" eval 'of_two --state state 2>/dev/null | cmp whole - >&2'
        check "nothing is left" test ! -e state
    done
    mv kept state
    other() { # TEXT ARGUMENT...: refused, and the state stays
        local text=$1
        shift
        cp -r state before
        "$eval" "$@" --state state >out 2>said
        [ $? -eq 1 ] && [ ! -s out ] && grep -q "^cedm-eval: state/$text" said &&
            diff -r -x .lock before state >&2
        local code=$?
        rm -r before
        return $code
    }
    check "the state of another model" other '1.npy.part: what another run left.*remove' \
        fd images.idx from0 --model models/encoder.so
    check "of other data" other '2.npy.part: what another run left.*remove' \
        fd images.idx from100 --model models/denoiser.so
    check "for another measure" eval '"$eval" kid images.idx from0 --model models/denoiser.so \
        --state state 2>said && grep -q "$all_there" said && [ ! -e state ]'
fi

# ---- the same each time -----------------------------------------------------

same() { # COMMAND...: the same bytes with 1, 2 and 3 threads, and with JSON
    "$eval" "$@" --threads 1 >one || return 1
    for threads in 2 3; do
        "$eval" "$@" --threads $threads | cmp one - >&2 || return 1
    done
    "$eval" "$@" --json | sed 's/[{}"]//g; s/,/\n/g; s/:/ /g' |
        cmp one - >&2
}
check "fd again" same fd full.X.npy full.Y.npz
check "fd-infinity again" same fd-infinity real.npy fake.npy --seed 3
check "kid again" same kid X.npy Y.npy --subset-size 50 --seed 9
check "prdc again" same prdc real.npy fake.npy
check "auroc again" same auroc train.npy test_id.npy test_ood.npy
check "is again" same is probs.npy
check "vendi again" same vendi features.npy
check "other seeds, other subsets" test \
    "$("$eval" kid X.npy Y.npy --subset-size 50 --seed 1)" != \
    "$("$eval" kid X.npy Y.npy --subset-size 50 --seed 2)"
cp full.X.npz first.npz
check "ref again" "$eval" ref full.X.npy -o full.X.npz --threads 3
check "the same statistics" cmp first.npz full.X.npz
check "NumPy's statistics" "$eval" fd "$metrics/ref_stats.npz" \
    "$metrics/ref_stats.npz"

# ---- what cannot be done ----------------------------------------------------

refuse() { # CODE PATTERN ARGUMENT...: one line on stderr, nothing on stdout
    local code=$1 pattern=$2
    shift 2
    "$eval" "$@" >out 2>err </dev/null
    if [ $? -ne "$code" ] || [ -s out ] || [ "$(wc -l <err)" -ne 1 ] ||
        ! grep -Eq -- "^cedm-eval: .*($pattern)" err; then
        echo "wanted exit code $code and '$pattern'; got:" >&2
        cat out err >&2
        return 1
    fi
}
check "no command" refuse 2 'wanted a command'
check "unknown command" refuse 2 "unknown command 'fid'; wanted one of fd," \
    fid X.npy Y.npy
check "too few files" refuse 2 'fd: wanted REF GEN, got 1 files' fd X.npy
check "too many files" refuse 2 'got 4 files' auroc X.npy X.npy X.npy X.npy
check "other commands' option" refuse 2 "fd: takes no option '--splits'" \
    fd X.npy Y.npy --splits 3
check "no output" refuse 2 'ref: wanted -o' ref X.npy
check "a model without images" refuse 2 '--model: is for data sets' \
    fd X.npy Y.npy --model models/encoder.so
check "a state of nothing" refuse 2 '--state: is for features that are made' \
    fd X.npy Y.npy --state state
check "no logits" refuse 1 'gives no logits' is from0 --model models/encoder.so
check "no room for features" env TMPDIR=none bash -c \
    '"$0" vendi from0 --model models/encoder.so 2>&1 | grep -q "set TMPDIR"' "$eval"
check "seed" refuse 2 'wanted an integer' kid X.npy Y.npy --seed 4294967296
check "no file" refuse 1 'none.npy: cannot be opened' fd none.npy X.npy
check "statistics where features are needed" refuse 1 \
    'full.X.npz: not a NumPy file' kid full.X.npz X.npy
check "other width" refuse 1 'X.npy: other features than those of real.npy' \
    fd real.npy X.npy
check "too few images" refuse 1 'too few rows; wanted at least 131, got 130' \
    prdc real.npy fake.npy --neighbours 130
check "no probabilities" refuse 1 'row 0 is no distribution' is X.npy
head -c 4000 X.npy >short.npy
check "truncated features" refuse 1 'short.npy: the shape does not fit' \
    vendi short.npy
head -c 8000 full.X.npz >short.npz
check "truncated statistics" refuse 1 'short.npz: not a sound archive' \
    fd short.npz X.npy
check "unwritable statistics" refuse 1 'none/x.npz: cannot be written' \
    ref X.npy -o none/x.npz
ln -s X.npy X.npz
cp X.npy kept.npy
for out in X.npy X.npz; do
    check "the features themselves" refuse 2 \
        "$out: would replace the input X.npy" ref X.npy -o $out
done
check "are spared" cmp X.npy kept.npy
check "no temporary file" test -z "$(ls -A | grep 'npz\.')"

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
