#!/bin/bash
# SPDX-License-Identifier: MIT
#
# inception.sh [all] - FID's Inception at full size, with weights by a formula:
# every point of the golden file that the frozen network passes, by each way of
# resizing, and NVIDIA's names for the same weights.  `all` is every image, way
# and backend; without it there is one image a way.
set -u

. "$(dirname "$0")/checks.bash"
golden=$root/tests/golden/science/inception/golden.safetensors

weights() { # SCHEME: the checkpoint in $work
    (cd "$root" && "$bin/inception-weights" "$1" "$golden" \
        "$work/$1.safetensors")
}
freeze() { # CHECKPOINT, NAME, ARGUMENTS...
    local from=$1 name=$2
    shift 2
    "$bin/cedm-freeze" "$work/$from.safetensors" -o "$work" --name "$name" "$@"
}
verify() { # ARGUMENTS...: the frozen network `model`
    "$bin/cedm-verify" --model "$work/model.so" --golden "$golden" \
        --mode encode --device cpu "$@" >"$work/out"
    local code=$?
    grep -v ' ok$' "$work/out" >&2
    return $code
}
missed() { # ARGUMENTS...: the comparison fails
    ! verify "$@"
}
data_of() { # NAME: the hash of a blob's tensors
    grep -ao '"data_sha256":"[0-9a-f]*"' "$work/$1.cedm"
}
same_data() { # NAME, NAME
    [ -n "$(data_of "$1")" ] && [ "$(data_of "$1")" = "$(data_of "$2")" ]
}

vectors=
for isa in avx2 avx512 avx512bf16; do
    if "$bin/cedm-gen" --bench --n 1 --steps 1 --isa $isa >/dev/null 2>&1; then
        vectors="$vectors $isa"
    fi
done

# A way of resizing and the size of an image, on some backends.
compare() { # FILTER, SIZE, TYPE OF WEIGHTS, ISAS
    check "$1 $2 $3 freezes" freeze torchvision model --filter "$1" \
        --input "$2" --weights "$3" --build
    for isa in $4; do
        check "$1 $2 $3 on $isa" verify --isa "$isa"
    done
}

check 'weights by the formula' weights torchvision
if [ "${1-}" = all ]; then
    for type in f32 f16; do
        for filter in tf1 pytorch-fid clean-fid; do
            for size in 32x32 64x64 37x53; do
                compare $filter $size $type "portable $vectors"
            done
        done
    done
else
    compare clean-fid 64x64 f32 "${vectors##* }"
    compare pytorch-fid 37x53 f32 "${vectors##* }"
fi

compare tf1 32x32 f32 "portable $vectors"
# The score of a set is that of the set twice; of runs of one image each, 1.
score() { # FOLDER SPLITS
    "$bin/cedm-eval" is "$1" --model "$work/model.so" --splits "$2" | awk '$1 == "is" { print $2 }'
}
"$bin/cedm-gen" --n 2 --grid none --steps 2 --out once >/dev/null
mkdir twice
for i in 0 1; do
    for j in a b; do cp once/00000$i.png twice/$i$j.png; done
done
check 'inception score' eval 'score once 1 >one && score twice 1 >two && score twice 2 >runs'
check 'of two images' awk 'NR == 1 { one = $1 } NR == 2 { two = $1 } NR == 3 { runs = $1 }
    function near(a, b) { return a - b < 1e-12 && b - a < 1e-12 }
    END { exit !(one > 1 + 1e-6 && one <= 2 && near(one, two) && near(runs, 1)) }' one two runs
check 'a limit that float32 misses' missed --tolerance 1e-9 --isa portable
rm "$work/torchvision.safetensors"
check 'the same weights by other names' weights nvidia
check 'and they freeze' freeze nvidia other --input 32x32
check 'to the same tensors' same_data model other

printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ]
