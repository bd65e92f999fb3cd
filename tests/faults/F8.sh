# SPDX-License-Identifier: MIT
#
# F8: images made to break readers.
. "$here/images.bash"
for name in huffman_table.jpg huffman_overrun.jpg; do
    set_of "$pictures/$name"
    row "$name" "set/$name: a JPEG that cannot be read: *Huffman*" "$(reads set --resolution 16)"
done
set_of "$pictures/too_large.png"
row 'a small PNG of 400 million pixels' 'set/too_large.png: *pixels*' \
    "$(ulimit -v $((1 << 22)) && reads set --resolution 16)"
set_of "$pictures/too_little.png"
row 'a PNG with too few pixels' 'set/too_little.png: a PNG that cannot be read*' \
    "$(reads set --resolution 16)"
