# SPDX-License-Identifier: MIT
#
# E1: ids 10, 20, 30 of one's own photos.
. "$here/train.bash"
printf '10 20 30 10 20 30 10 20' >tens.txt
train --clusters tens.txt --out run >/dev/null 2>&1
"$bin/cedm-freeze" run/snapshot-000000008.safetensors -o frozen --name tens --build >/dev/null 2>&1
draw() { last "$bin/cedm-gen" --model frozen/tens.so --n 2 --steps 1 "$@"; }
row '--cluster 20' '2 *has clusters 0 to 2, whose ids are 10, 20, 30: --id takes those' \
    "$(draw --cluster 20)"
row '--id 20' '0 *' "$(draw --id 20 --out id.png)"
draw --cluster 1 --out cluster.png >/dev/null
row 'is cluster 1' 'the same image' "$(cmp id.png cluster.png && echo the same image)"
row '--id 40' '2 *wanted one of 10, 20, 30, got 40' "$(draw --id 40)"
