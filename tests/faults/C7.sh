# SPDX-License-Identifier: MIT
#
# C7: --resume without the options again.
. "$here/train.bash"
train --clusters "$ids/ids_le_i4.npy" --out run >/dev/null 2>&1
mkdir elsewhere
row '--resume --out RUN from another folder' '0 done*' "$(cd elsewhere &&
    last "$bin/cedm-train" --resume --out ../run --duration 0.000016)"
row 'another recipe' '1 *another recipe; wanted batch 4, got batch 8; *' \
    "$(last "$bin/cedm-train" --resume --out run --batch 8)"
row 'another network' '1 *another network; wanted model_channels 4, got model_channels 8; *' \
    "$(last "$bin/cedm-train" --resume --out run --cbase 8)"
