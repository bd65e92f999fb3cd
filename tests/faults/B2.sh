# SPDX-License-Identifier: MIT
#
# B2: ids in the forms that people have.
. "$here/train.bash"
for file in ids_le_u2.npy ids_le_u8.npy ids_bom.txt; do
    row "$file" 4 "$(clusters "$ids/$file")"
done
text() { printf "$1" >text && clusters text; }
row 'a JSON list' 3 "$(text '[0, 1, 2, 0, 1, 2, 0, 1]')"
row 'dataset.json' 2 "$(text '{"labels": [["0/0.png", 6], ["0/1.png", 0], ["0/2.png", 6],
    ["0/3.png", 0], ["1/0.png", 6], ["1/1.png", 0], ["1/2.png", 6], ["1/3.png", 6]]}')"
row 'its labels as one-hot rows' 2 "$(text '[[1,0],[0,1],[1,0],[0,1],[1,0],[0,1],[1,0],[0,1]]')"
row 'dataset.json without labels' '"labels" is null*' "$(text '{"labels": null}')"
row 'CSV with a header' 2 "$(text 'file,cluster\na,4\nb,9\nc,4\nd,4\ne,4\nf,4\ng,4\nh,9\n')"
row 'lines of a name and an id' 2 "$(text 'h 4\ng 9\nf 4\ne 4\nd 4\nc 4\nb 4\na 9\n')"

# As EDM's dataset tool leaves a folder: images, and dataset.json beside them.
mkdir -p set/0 && "$bin/cedm-gen" --n 4 --steps 1 --grid none --out pictures >/dev/null 2>&1
find pictures -name '*.png' | sort | { i=0; while read -r file; do
    cp "$file" set/0/$i.png
    i=$((i + 1))
done; }
printf '{"labels": [["0/0.png", 3], ["0/1.png", 0], ["0/2.png", 3], ["0/3.png", 1]]}' \
    >set/dataset.json
in_set() {
    "$bin/cedm-train" --data set "${small[@]}" --clusters "$1" --dry-run 2>&1 |
        sed -n 's/^clusters: //p; s/^cedm-train: [^ ]*: //p'
}
row '--clusters dataset.json of the data' 3 "$(in_set dataset.json)"
printf '0.png 1\n1.png 0\n2.png 1\n3.png 0\n' >ends
row 'ids by the ends of paths' 2 "$(in_set ends)"
printf '0/0.png 1\n0/1.png 0\n0/2.png 1\n0/5.png 0\n' >others
row 'ids of other images' "*name an image '0/5.png' where the data have '0/3.png'*" \
    "$(in_set others)"
