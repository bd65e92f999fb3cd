# SPDX-License-Identifier: MIT
#
# A10: processes that do not know of each other.
. "$here/train.bash"
row 'torchrun with two processes' '1 *torchrun started 2 processes, but this program*' \
    "$(RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 last train --out run)"
row 'says it once' '1 ' "$(RANK=1 WORLD_SIZE=2 LOCAL_RANK=1 last train --out run)"
row 'leaves nothing' no "$([ -e run ] || echo no)"
