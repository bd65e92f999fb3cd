# SPDX-License-Identifier: MIT
#
# A4: --resume with other ids or images.
. "$here/train.bash"
train --clusters "$ids/ids_le_i4.npy" --out run >/dev/null 2>&1
on() { last "$bin/cedm-train" --resume --out run --duration 0.000016 "$@"; }
row '--resume with other ids' '1 *other images or cluster ids; wanted ids*' \
    "$(on --clusters "$ids/ids_other.npy")"
row 'with the same ids in reverse' '1 *wanted ids*' "$(on --clusters "$ids/ids_rev.npy")"
patterns 8 && printf x | dd of=images.idx bs=1 seek=40 conv=notrunc 2>/dev/null
row 'with another pixel' '1 *wanted pixels*' "$(on)"
row 'the same with --new-data' '0 done*' "$(on --new-data)"
patterns 9 && echo 0 >>ids.txt
row 'with another image' '1 *wanted images 8*' "$(seq 0 8 | awk '{ print $1 % 4 }' >nine.txt
    on --clusters nine.txt)"
