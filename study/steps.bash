# SPDX-License-Identifier: MIT
#
# steps.bash - what the study is made of: steps that leave one file each, are
# skipped where it is there, and write it whole or not at all.
#
# $bin has the programs, $here the study's scripts; a data set's script sets
# $data (for cedm), $preset (options of cedm-train), $kimg (of every run) and
# $shape (SIDE CHANNELS), and works in its folder.

# step FILE NAME COMMAND...: makes FILE, which the command writes to $new, or
# to $file itself if it is a program that does so in one piece.
step() {
    local file=$1 name=$2 begin=$SECONDS new
    new=$(dirname "$1")/.new-$(basename "$1")
    shift 2
    [ -e "$file" ] && return
    mkdir -p "$(dirname "$file")"
    rm -rf "$new"
    printf '%s  %s ...\n' "$(date +%H:%M)" "$name"
    "$@"
    [ ! -e "$new" ] || mv "$new" "$file"
    printf '%s  %s: %d s\n' "$(date +%H:%M)" "$name" "$((SECONDS - begin))"
    [ -e "$file" ]
}

# quiet COMMAND...: its messages are shown if it fails.
quiet() {
    local said=.messages-$$
    "$@" >"$said" 2>&1 || { cat "$said" >&2 && return 1; }
    rm "$said"
}

# ---- a run ------------------------------------------------------------------

# train RUN IDS SEED: $kimg thousand images, from wherever the run is.
train() {
    local run=$1 ids=$2 seed=$3 resume=
    [ ! -e "$run/done-$kimg" ] || return 0
    mkdir -p "$run"
    # a run that another process trains is waited for
    [ ! -e "$run/.lock" ] || flock "$run/.lock" true
    [ -z "$(find "$run" -name 'state-*' -print -quit)" ] || resume=--resume
    printf '%s  %s: training\n' "$(date +%H:%M)" "$run"
    # shellcheck disable=SC2086
    "$bin/cedm-train" $preset --data "$data" --clusters "$ids" --seed "$seed" \
        --duration "$(awk "BEGIN { print $kimg / 1000 }")" --out "$run" $resume \
        >>"$run/log" 2>&1 || { tail -n 3 "$run/log" && return 1; }
    find "$run" -name 'state-*' | sort | head -n -1 | xargs -r rm
    touch "$run/done-$kimg"
}

# snapshot RUN KIMG: the first of so many thousand images or more.
snapshot() {
    find "$1" -name 'snapshot-*.safetensors' | sort | awk -v least="$2" '
        { seen = $0; sub(/.*snapshot-/, "", seen); sub(/[.].*/, "", seen) }
        seen + 0 >= 1000 * least && !found { print; found = 1 }'
}

freeze() { # RUN KIMG
    "$bin/cedm-freeze" "$(snapshot "$1" "$2")" -o "$new" --name model --build >/dev/null
}

# frozen RUN KIMG: the folder of the model.
frozen() { echo "frozen/$1-$2"; }
model_of() {
    step "$(frozen "$1" "$2")" "$1, $2 kimg: frozen" freeze "$1" "$2"
}

# ---- samples ----------------------------------------------------------------

# Images as bytes become what cedm reads: idx for grey ones, CIFAR's batches for
# colours.
as_data() { # RAW
    local side=${shape% *}
    if [ "${shape#* }" = 1 ]; then
        perl -e 'binmode STDOUT; print pack("N4", 0x803, @ARGV)' "$samples" "$side" "$side"
        cat "$1"
    else
        perl -e 'binmode STDIN; binmode STDOUT; my ($n) = @ARGV;
            while (read(STDIN, my $x, 3 * $n) == 3 * $n) {
                my @p = unpack "C*", $x;
                print pack("C*", 0, @p[map { 3 * $_ } 0 .. $n - 1],
                    @p[map { 3 * $_ + 1 } 0 .. $n - 1], @p[map { 3 * $_ + 2 } 0 .. $n - 1]);
            }' "$((side * side))" <"$1"
    fi
}

draw() { # MODEL SEED
    local raw=$new.raw
    quiet "$bin/cedm-gen" --model "$1/model.so" --seed "$2" --n "$samples" \
        --nfe "$evaluations" --format raw --out "$raw" --progress none
    as_data "$raw" >"$new"
    rm "$raw"
}

embed() { # MODEL DATA
    quiet "$bin/cedm-embed" --model "$1/model.so" --data "$2" --out "$file" --progress none
}

# features_of RUN KIMG SEED: samples of a run as the judge sees them.
features_of() {
    local name=$1-$2-$3 ending=idx
    [ "${shape#* }" = 1 ] || ending=bin
    [ -e "features/$name.npy" ] && return
    model_of "$1" "$2"
    step "samples/$name.$ending" "$1, $2 kimg: $samples images, seeds $3 and on" \
        draw "$(frozen "$1" "$2")" "$3"
    step "features/$name.npy" "$1, $2 kimg: features" embed "$judge" "samples/$name.$ending"
    [ "$ending" != idx ] || step "pixels/$name.npy" "$1, $2 kimg: pixels" \
        inner_pixels "samples/$name.$ending"
}

# The 28 x 28 pixels without the border of images of 32 x 32, as features.
inner_pixels() { # IDX
    tail -c +17 "$1" | perl -e 'binmode STDIN; binmode STDOUT;
        while (read(STDIN, my $x, 1024) == 1024) {
            print map { substr $x, 32 * $_ + 2, 28 } 2 .. 29;
        }' | features_of_bytes "$samples" 784 >"$new"
}

# features_of_bytes ROWS WIDTH: bytes become floats, 255 becomes 1.
features_of_bytes() {
    printf '\223NUMPY\001\000\166\000%-117s\n' \
        "{'descr': '<f4', 'fortran_order': False, 'shape': ($1, $2), }"
    perl -e 'binmode STDIN; binmode STDOUT; my @of = map { pack "f<", $_ / 255 } 0 .. 255;
        while (read STDIN, my $x, 65536) { print @of[unpack "C*", $x] }'
}

# ---- clusters ---------------------------------------------------------------

# again FILE: --resume where something of it is there.
again() { [ -z "$(find "$(dirname "$1")" -name "$(basename "${1%.npy}").*" -print -quit)" ] ||
    echo --resume; }

kmeans() { # FEATURES CLUSTERS
    # shellcheck disable=SC2046
    "$bin/cedm-cluster" kmeans --features "$1" --clusters "$2" --n-init 3 --out "$file" \
        --progress none $(again "$file") >/dev/null
}

# Heads and epochs fit the budget: see README.md.
temi() { # FEATURES CLUSTERS
    # shellcheck disable=SC2046
    "$bin/cedm-cluster" temi --features "$1" --knn knn.npy --clusters "$2" --heads 4 \
        --epochs 40 --warmup 8 --standardize --out "$file" --progress none \
        $(again "$file") >/dev/null
}

neighbours() { # FEATURES
    "$bin/cedm-cluster" knn --features "$1" --out "$file" --progress none >/dev/null
}

# ---- numbers ----------------------------------------------------------------

value() { # PROGRAM NAME ARGUMENTS...: the number on that line
    local program=$1 name=$2
    shift 2
    "$bin/$program" "$@" | awk -v name="$name" '$1 == name { print $2 }'
}

# measure RUN KIMG SEED METHOD C [IDS]: one row of JSON.
measure() {
    local gen=features/$1-$2-$3.npy ids=${6-}
    {
        printf '{"run": "%s", "kimg": %s, "method": "%s", "clusters": %s, "seed": %s' \
            "$1" "$2" "$4" "$5" "${1##*-s}"
        number fd fd real.npz "$gen"
        number ufid fd "features/$unconditional.npy" "$gen"
        [ ! -e held-out.npy ] || number auroc auroc real.npy held-out.npy "$gen"
        [ ! -e "pixels/$1-$2-$3.npy" ] ||
            number fd_pixels fd real-pixels.npz "pixels/$1-$2-$3.npy"
        [ -z "$ids" ] || about_ids "$ids" "$5"
        echo '}'
    } >"$new"
}

# number KEY COMMAND FILES...: the first number that cedm-eval prints.
number() {
    local key=$1 result
    shift
    result=$("$bin/cedm-eval" "$@")
    awk -v key="$key" 'NR == 1 { printf ", \"%s\": %s", key, $2 }' <<<"$result"
}

# How the clusters agree with labels that nothing else has seen.
about_ids() { # IDS CLUSTERS
    local labels=
    [ ! -e labels.txt ] || labels='--labels labels.txt'
    # shellcheck disable=SC2086
    "$bin/cedm-cluster" score "$1" --clusters "$2" $labels |
        awk '$1 == "r_c" || $1 == "nmi" || $1 == "ami" { printf ", \"%s\": %s", $1, $2 }'
}
