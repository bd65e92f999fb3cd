# SPDX-License-Identifier: MIT
#
# F10: seeds that are one seed.
gen="$bin/cedm-gen --steps 1 --grid none --out d"
row '--seeds 0,4294967296 --grid none' '2 *a seed is given twice, modulo 2^32*' \
    "$(says $gen --seeds 0,4294967296)"
row '--seeds 4294967295-4294967296,0' '2 *modulo 2^32*' \
    "$(says $gen --seeds 4294967295-4294967296,0)"
row '--seeds 0,4294967297' '0 ' "$(says $gen --seeds 0,4294967297)"
. "$here/train.bash"
printf x >>images.idx
row 'an idx file with a byte behind its images' '1 *bytes follow its 8 images*' \
    "$(last train --clusters none --dry-run)"
