# SPDX-License-Identifier: MIT
#
# A12: what --from takes from a record, and what it refuses.
from() { says "$bin/cedm-gen" --from "$@" --out again.png; }
row 'a record of an unknown solver' "1 *'solver' is unknown*rk45" \
    "$(from "$cases/png_badword.png")"
row 'a record without a sampler' '1 *says no sampler*' "$(from "$cases/rec_nosampler.png")"
row 'a sound record' '0 ' "$(from "$cases/rec_ok.png")"
row 'steps of -1' "1 *'steps' is unknown here or has an unusable value*" \
    "$(from "$cases/rec_steps.png")"
row 'a record in tEXt' '0 ' "$(from "$cases/rec_text.png")"
row 'in zTXt' '0 ' "$(from "$cases/rec_ztxt.png")"
row 'in a compressed iTXt' '0 ' "$(from "$cases/rec_itxt.png")"
row 'a record of bf16 on a CPU' '1 *was drawn in bf16*--precision fp32*' \
    "$(says "$bin/cedm-gen" --device cpu --from "$cases/rec_bf16.png" --out again.png)"
size() { od -An -tu1 -j16 -N8 "$1" | awk '{ print $3 * 256 + $4 "x" $7 * 256 + $8 }'; }
"$bin/cedm-gen" --steps 1 --n 5 --grid 3x4 --out grid.png >/dev/null
"$bin/cedm-gen" --from grid.png --out again.png >/dev/null
row 'a grid of 3x4 with 5 images' 96x128 "$(size again.png)"
"$bin/cedm-gen" --steps 1 --cluster all --n 2 --out all.png >/dev/null
"$bin/cedm-gen" --from all.png --grid none --out all >/dev/null
row '--cluster all, then --grid none --from' '40 files, 000001-c19.png last' \
    "$(ls all | wc -l) files, $(ls all | sort -V | tail -n 1) last"
