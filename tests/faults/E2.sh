# SPDX-License-Identifier: MIT
#
# E2: photographs that lie on their side, classes in folders, a look at clusters.
. "$here/train.bash"
. "$here/images.bash"
set_of "$pictures/exif.jpg"
row 'a photograph of 16x9, turned by EXIF' '*got 9 x 16; give --resolution;' "$(reads set)"
mkdir -p pets/cat pets/dog
cp "$pictures/420.jpg" pets/cat/1.jpg && cp "$pictures/alpha.webp" pets/dog/1.webp &&
    cp "$pictures/grey.png" pets/dog/2.png
"$bin/cedm-data" pets -o pets.zip --resolution 16 >said
row 'a folder for each class' 'classes 2' "$(grep classes said)"
row 'as clusters' 2 "$("$bin/cedm-train" --data pets.zip "${small[@]}" --clusters dataset.json \
    --dry-run 2>/dev/null | sed -n 's/^clusters: //p')"
"$bin/cedm-cluster" show "$ids/ids_le_i4.npy" --data images.idx --out sheet.png >said 2>&1
row 'images of each cluster' 'PNG' "$(head -c 4 sheet.png | tail -c 3)"
"$bin/cedm-freeze" "$golden/fashion.safetensors" -o f --name m --build >/dev/null
"$bin/cedm-gen" --n 2 --steps 1 --grid none --out two >/dev/null
"$bin/cedm-embed" --model f/m.so --data two --out f.npy >/dev/null 2>&1
row 'the order that ids go by, in F.json' '"names" 000000.png 000001.png' \
    "$(grep -o '"names"\|00000..png' f.json | tr '\n' ' ' | sed 's/ $//')"
