# SPDX-License-Identifier: MIT
#
# C3: ids of clusters in cedm-info, and JSON of any path.
with_ids() { # LIST: the tiny network with these 7 ids, in m.safetensors
    edit_header "$golden/ncsnpp-tiny.safetensors" m.safetensors \
        "s/\"__metadata__\":[ ]*{/&\"cedm.cluster_ids\":\"$1\",/"
}
ids='2147483648, -5, 9007199254740993, 9223372036854775807, 3, 2, 1'
with_ids "[$ids]"
list() { "$bin/cedm-info" "$1" | sed -n 's/.*id \(-*[0-9]*\)$/\1/p' | paste -sd, | sed 's/,/, /g'; }
row 'ids of a checkpoint' "$ids" "$(list m.safetensors)"
"$bin/cedm-freeze" m.safetensors -o . --name m >/dev/null
row 'of its blob' "$ids" "$(list m.cedm)"
row 'as JSON' "*\"ids\": [[]$ids]*" \
    "$("$bin/cedm-info" --json m.cedm | tr -d '\n' | sed 's/[[:blank:]]\+/ /g')"
with_ids '[1, 2]'
row 'ids of two clusters of seven' '1 *cedm.cluster_ids: unusable; wanted a list of 7 integers*' \
    "$(says "$bin/cedm-info" m.safetensors)"
bad=$(printf 'caf\351.png')
"$bin/cedm-gen" --n 1 --steps 1 --json --out "$bad" >json
row '--json of a path that is not UTF-8' 'UTF-8' \
    "$(iconv -f UTF-8 -t UTF-8 json >/dev/null && echo UTF-8)"
