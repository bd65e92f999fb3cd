# SPDX-License-Identifier: MIT
#
# B3: --clusters none.
. "$here/train.bash"
row '--clusters none' 0 "$(clusters none)"
