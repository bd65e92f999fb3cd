# SPDX-License-Identifier: MIT
#
# B1: tensors of PyTorch that were refused as dangerous.
. "$here/train.bash"
for file in u8 numpy legacy dict nocrc; do
    row "ids_$file.pt" 4 "$(clusters "$ids/ids_$file.pt")"
done
