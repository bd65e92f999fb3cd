# SPDX-License-Identifier: MIT
#
# A3: images that are not what was written.
. "$here/images.bash"
set_of "$pictures/grey.png" && "$bin/cedm-data" set -o whole.zip --resolution 16 >/dev/null
damage() { # FILE OFFSET: a byte of it is another one
    printf '\x55' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
cp whole.zip rot.zip && damage rot.zip 200
row 'an archive whose entry is damaged' 'rot.zip:00000/img00000000.png: *CRC error*' \
    "$(reads rot.zip)"
damage set/grey.png $(($(stat -c %s set/grey.png) - 24))
row 'a PNG whose pixels are damaged, in a folder' 'set/grey.png: a PNG that cannot be read: *' \
    "$(reads set --resolution 16)"
head -c 400 "$pictures/420.jpg" >set/grey.png
row 'half a JPEG' 'set/grey.png: a JPEG that cannot be read: *' "$(reads set --resolution 16)"
