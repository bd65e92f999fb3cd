# SPDX-License-Identifier: MIT
#
# B6: ADM's own sizes, EDM's recipes.
. "$here/train.bash"
network() {
    "$bin/cedm-train" --data images.idx --clusters none --resolution 8 --threads 1 \
        --dry-run "$@" 2>&1 | sed -n 's/^network: //p'
}
row '--arch adm' "$(network --arch adm --cbase 8 --cres 1,2,3,4 --num-blocks 3 --attn 32,16,8)" \
    "$(network --arch adm --cbase 8)"
row '--preset edm-imagenet64' "$(network --arch adm --cbase 8 --augment 0)" \
    "$(network --preset edm-imagenet64 --cbase 8)"
row '--preset edm-afhqv2' "$(network --cbase 4 --cres 1,2,2,2)" \
    "$(network --preset edm-afhqv2 --cbase 4)"
row '--preset, then --arch ncsnpp' "$(network --arch ncsnpp --cbase 4 --cres 1,2,2,2)" \
    "$(network --preset edm-afhqv2 --arch ncsnpp --cbase 4)"
