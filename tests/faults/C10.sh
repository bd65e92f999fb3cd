# SPDX-License-Identifier: MIT
#
# C10: what the image will be, long before the last step.
"$bin/cedm-gen" --n 1 --steps 4 --preview 2 --seed 3 --out x.png >/dev/null 2>&1
row '--preview 2 of four steps' 'x-step2.png' "$(ls | grep step | head -n 1)"
row 'an estimate of the image, not its noise' 'another picture' \
    "$(cmp -s x-step2.png x.png || echo another picture)"
