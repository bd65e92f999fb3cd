# SPDX-License-Identifier: MIT
#
# A5: --transfer says what it took.
. "$here/train.bash"
train --clusters "$ids/ids_le_i4.npy" --out run >/dev/null 2>&1
took() { # FILE ARGUMENTS...
    train --dry-run --transfer "run/$1-000000008.safetensors" "${@:2}" 2>/dev/null |
        grep transfer
}
row '--transfer of the same network' 'transfer: * parameters (100.0 %)' \
    "$(took snapshot --clusters "$ids/ids_le_i4.npy")"
printf '0 1 2 3 4 0 1 2' >five.txt
row 'to another number of clusters' '*map_label.weight (wanted 4x5, got 4x4)' \
    "$(took snapshot --clusters five.txt)"
row 'of a state: its average' 'transfer: * (100.0 %)' \
    "$(took state --clusters "$ids/ids_le_i4.npy")"
to() { # CBASE NUM-BLOCKS ARGUMENTS...
    small[1]=$1 small[5]=$2
    last train --clusters "$ids/ids_le_i4.npy" --dry-run \
        --transfer run/snapshot-000000008.safetensors "${@:3}"
}
row 'to another width' '1 *fits less than half of the network: 1 of 72*' "$(to 12 1)"
row 'to a network four times as deep' '1 *fits less than half of the network: *' "$(to 4 4)"
row 'the same with --transfer-any' '0 *' "$(to 4 4 --transfer-any)"
