# SPDX-License-Identifier: MIT
#
# F5: two cedm-freeze into one folder: the files are one set.
a="$bin/cedm-freeze $golden/uncond-tiny.safetensors --name m --build"
b="$bin/cedm-freeze $golden/ddpmpp-tiny.safetensors --name m --build"
mkdir a b
$a -o a >/dev/null && $b -o b >/dev/null
mixed=0
for round in 1 2 3 4; do
    $a -o both >/dev/null 2>&1 &
    $b -o both >/dev/null 2>&1 &
    wait
    same() { diff -rq --exclude=m.so "$1" both >/dev/null; }
    same a || same b || mixed=$((mixed + 1))
    "$bin/cedm-gen" --model both/m.so --n 1 --steps 1 --out x.png >/dev/null || mixed=$((mixed + 1))
done
row 'sets that are neither the one nor the other, of 4' 0 $mixed
(
    exec 9<both && flock 9 && sleep 1
) &
sleep 0.3
row 'while another holds the folder' '0 *both: another cedm-freeze is at work there; waiting*' \
    "$(says $a -o both)"
wait
