# SPDX-License-Identifier: MIT
#
# C1: images that are resized.
. "$here/images.bash"
mkdir many
for i in $(seq 300); do ln "$pictures/420.jpg" "many/$i.jpg" 2>/dev/null ||
    cp "$pictures/420.jpg" "many/$i.jpg"; done
row 'progress of 300 images to 1024' '*/300 images*' \
    "$(TERM=xterm timeout 60 script -qec "'$bin/cedm-train' --data many --resolution 1024 \
    --clusters none --cbase 4 --cres 1 --num-blocks 1 --attn 64 --batch 4 --dry-run" /dev/null |
        tr '\r' '\n' | grep -m 1 -o '[0-9]*/300 images')"
start=$(date +%s%N)
set_of "$pictures/too_large.png"
row 'a PNG of 20000x20000' 'set/too_large.png: *pixels*' "$(reads set --resolution 64)"
row 'refused within a second' yes \
    "$([ $((($(date +%s%N) - start) / 1000000)) -lt 1000 ] && echo yes)"
