#!/bin/bash
# SPDX-License-Identifier: MIT
#
# fid.sh - FID of two small sets of images against pytorch-fid's own code, both
# with Inception's weights by a formula (tests/inception): within a millionth.
# With fewer images than features the covariances are singular, where the root of
# a matrix that pytorch-fid takes is good to 7 or 8 digits.
#
# PYTHON [python3] has PyTorch, torchvision and pytorch-fid; without, it is
# skipped.  Three minutes of a core, most of them pytorch-fid's.
set -u

. "$(dirname "$0")/../e2e/checks.bash"

python=${PYTHON:-python3}
if ! "$python" -c 'import pytorch_fid.fid_score' 2>/dev/null; then
    echo "skipped: $python has no pytorch-fid; set PYTHON to one that has"
    exit 77
fi

near() { # A B
    awk -v a="$1" -v b="$2" 'BEGIN { d = (a - b) / b; exit !(a != "" && d <= 1e-6 && d >= -1e-6) }'
}
fd() { "$bin/cedm-eval" fd "$@" --model model.so | awk '$1 == "fd" { print $2 }'; }

check 'weights by the formula' eval '(cd "$root" && "$bin/inception-weights" torchvision \
    tests/golden/science/inception/golden.safetensors "$work/weights.safetensors")'
check 'they freeze' "$bin/cedm-freeze" weights.safetensors -o . --name model --input 32x32 \
    --filter pytorch-fid --build
check 'images' "$bin/cedm-gen" --n 48 --grid none --out first
check 'worse ones' "$bin/cedm-gen" --n 40 --seed 1000 --steps 3 --grid none --out second
check 'pytorch-fid' eval '"$python" "$root/tests/oracle/fid_pytorch.py" weights.safetensors \
    first second first.npz >said'
wanted=$(tail -n 1 said)
got=$(fd first second)
echo "pytorch-fid $wanted, cedm-eval $got"
check 'the same distance' near "$got" "$wanted"
check 'from its statistics, too' near "$(fd first.npz second)" "$wanted"

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
