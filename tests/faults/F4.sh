# SPDX-License-Identifier: MIT
#
# F4: a damaged state.
. "$here/train.bash"
train --clusters "$ids/ids_le_i4.npy" --out run >/dev/null 2>&1
flip() {
    printf '\x55' | dd of=run/state-000000008.safetensors bs=1 seek="$1" conv=notrunc 2>/dev/null
}
on() { last "$bin/cedm-train" --resume --out run; }
size=$(stat -c %s run/state-000000008.safetensors)
cp run/state-000000008.safetensors whole
flip $((size - 6))
row 'a byte of a tensor' '1 *: the tensor is damaged; *' "$(on)"
row 'the newest good state is offered' '*the newest good state is run/state-000000004*' "$(on)"
cp whole run/state-000000008.safetensors
sed -i 's/\\"seen\\":8,/\\"seen\\":9,/' run/state-000000008.safetensors
row 'a counter' '1 *the header is damaged*' "$(on)"
head -c 1000 whole >run/state-000000008.safetensors
row 'a state cut short' '1 *the newest good state is run/state-000000004*' "$(on)"
