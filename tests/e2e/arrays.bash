# SPDX-License-Identifier: MIT
#
# arrays.bash - arrays of the golden files in $science.
science=$root/tests/golden/science

number() { # FILE OFFSET BYTES: a little-endian number
    od -An -v "-tu$3" -j "$2" -N "$3" "$1" | tr -d ' '
}

# array FILE KEY OUT.npy: an array of a safetensors file as .npy.
array() {
    local file=$science/$1.safetensors length kind width shape begin end
    length=$(number "$file" 0 8)
    # "KEY":{"dtype":"F32","shape":[ROWS,WIDTH],"data_offsets":[BEGIN,END]}
    read -r kind width shape begin end < <(tail -c +9 "$file" |
        head -c "$length" | sed "s/.*\"$2\": *{//; s/}.*//" |
        sed 's/, */,/g; s/.*"\([FI]\)\([0-9]*\)"/\1 \2 /; s/[^][0-9,FI ]//g' |
        sed 's/,\[\([0-9,]*\)\],\[\([0-9]*\),\([0-9]*\)\]/ \1 \2 \3/')
    {
        printf '\223NUMPY\001\000\166\000%-117s\n' \
            "{'descr': '<$(tr FI fi <<<"$kind")$((width / 8))', \
'fortran_order': False, 'shape': ($shape,), }"
        tail -c "+$((9 + length + begin))" "$file" | head -c "$((end - begin))"
    } >"$3"
}
