# SPDX-License-Identifier: MIT
#
# A7: entries of one name: the last of them counts, as other readers have it.
. "$here/images.bash"
row 'an archive of a, a, b, b' '*left out: 2 replaced by later ones of their names;2 images, *' \
    "$(reads "$cases/dup.zip")"
