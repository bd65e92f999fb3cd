# SPDX-License-Identifier: MIT
#
# A8: folders in folders, and what is left out of a data set.
. "$here/images.bash"
row 'an archive four levels deep' '4 images, *' "$(reads "$cases/nest.zip")"
mkdir -p deep/a/b/c/d/.hidden deep/__MACOSX
for kind in grey.png 420.jpg alpha.webp rgb.bmp palette.gif; do
    cp "$pictures/$kind" "deep/a/b/c/d"
done
cp "$pictures/grey.png" deep/a/b && cp "$pictures/grey.png" deep/a/b/c/d/.hidden
cp "$pictures/grey.png" deep/__MACOSX && echo notes >deep/a/notes.txt
row 'a folder of five kinds, as deep' \
    '6 images, *deep: left out: *1 of other kinds, the first is a/notes.txt;*' \
    "$(reads deep --resolution 16)"
row 'entries of __MACOSX' '*left out: 2 hidden;4 images, *' "$(reads "$cases/macos.zip")"
ln -s ../b deep/a/b/again
row 'a folder with a link to itself (F10)' '6 images, *' "$(reads deep --resolution 16)"
ln -s nowhere deep/broken.png
row 'a broken link (B8)' '6 images, *' "$(reads deep --resolution 16)"
