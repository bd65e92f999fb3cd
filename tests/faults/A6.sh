# SPDX-License-Identifier: MIT
#
# A6: ids that are none (and F10: shapes and types of .npy).
. "$here/train.bash"
row 'ids_fraction.pt' 'cluster id 0 is 0.25; wanted a whole number*' \
    "$(clusters "$ids/ids_fraction.pt")"
text() { printf "$1" >text && clusters text; }
row 'text 0+1+2' '*got "0+1+2"' "$(text '0+1+2')"
row 'text 0,1,,2' '*got ""' "$(text '0,1,,2')"
row 'a zero byte in text' 'a zero byte*' "$(text '0 1 2 3 0 1 2 3\0 4')"
row 'ids_f_order.npy' 'an array of 2 x 4; wanted one axis*' "$(clusters "$ids/ids_f_order.npy")"
npy() { # DESCR SHAPE: the bytes of ids_le_i4.npy under another header
    {
        printf '\x93NUMPY\x01\x00\x76\x00'
        printf '%-117s\n' "{'descr': $1, 'fortran_order': False, 'shape': $2, }"
        tail -c 32 "$ids/ids_le_i4.npy"
    } >shape.npy
    clusters shape.npy
}
row 'the header of ids_le_i4.npy again' 4 "$(npy "'<i4'" '(8,)')"
row 'shape (999,)' 'wanted 999 numbers*' "$(npy "'<i4'" '(999,)')"
row 'a structured type' 'not an array of whole numbers*' "$(npy "[('a', '<i4')]" '(8,)')"
