# SPDX-License-Identifier: MIT
#
# A2: Standard output as the image.
for out in /dev/stdout - /proc/self/fd/1; do
    row "--out $out | wc -c" 1024 \
        "$("$bin/cedm-gen" --n 1 --steps 1 --format raw --out $out | wc -c)"
done
{ echo before && "$bin/cedm-gen" --n 1 --steps 1 --format raw --out /dev/stdout; } >got
row '--out /dev/stdout behind other output in a file' 1031 "$(wc -c <got)"
row '--json beside it' '{"output":"-",*}' \
    "$("$bin/cedm-gen" --n 1 --steps 1 --format raw --out - --json 2>&1 >image)"
row 'a file for each image there' '2 *--out -: *' \
    "$(says "$bin/cedm-gen" --n 2 --steps 1 --grid none --out -)"
row "a file named -" none "$(ls -- - 2>&1 >/dev/null | grep -q "No such" && echo none)"
