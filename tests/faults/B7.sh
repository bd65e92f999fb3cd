# SPDX-License-Identifier: MIT
#
# B7: images of every kind that data sets have (and E: photographs).
. "$here/images.bash"
kind() { set_of "$pictures/$1" && reads set --resolution 16; }
row 'RGB and alpha' '1 images, 16x16, 4 channels;*' "$(kind alpha.webp)"
row 'a palette' '1 images, 16x16, 3 channels;*' "$(kind palette4.png)"
row 'CMYK' '1 images, 16x16, 3 channels;*' "$(kind cmyk.jpg)"
row '16 bits' '1 images, 16x16, 4 channels;*' "$(kind rgba16.png)"
set_of "$pictures/grey.png" "$pictures/420.jpg" "$pictures/alpha.webp"
row 'grey and alpha among RGB' \
    '3 images, 16x16, 3 channels;set: *1 *grey*;*' "$(reads set --resolution 16)"
set_of "$pictures/grey.png"
row 'an image that is smaller than --resolution' '1 images, 16x16*;set: *border*;' \
    "$(reads set --resolution 16)"
"$bin/cedm-data" set -o small.zip --resolution 16 >/dev/null
row 'cedm-data enlarges it, as the official tool' '1 images, 16x16, 1 channel;' \
    "$(reads small.zip)"
row 'entries by LZMA, bzip2, deflate' \
    '@(3 images, *|*the entry is packed by LZMA, which libzip cannot unpack here*)' \
    "$(reads "$cases/lzma.zip" --resolution 16)"
