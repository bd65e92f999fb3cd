#!/bin/bash
# SPDX-License-Identifier: MIT
#
# data.sh - cedm-data: photographs of every kind become one data set, the same
# by any number of threads and from its own result; labels; damage; signals.
set -u

. "$(dirname "$0")/checks.bash"
images=$root/tests/fuzz/image
data=$bin/cedm-data

mkdir -p photos/a photos/b/c
cp "$images/grey.png" photos/a/1.png
cp "$images/420.jpg" photos/a/2.JPG
cp "$images/alpha.webp" photos/b/3.webp
cp "$images/rgba.bmp" photos/b/c/4.bmp
cp "$images/palette.gif" photos/b/5.gif
cp "$images/grey.png" photos/.hidden.png
echo no image >photos/notes.txt

says() { # TEXT: the last output has this line
    grep -qx -- "$1" out || { cat out; return 1; } >&2
}
fails() { # CODE PATTERN ARGUMENT...
    local code=$1 pattern=$2 got
    shift 2
    "$data" "$@" >out 2>err </dev/null
    got=$?
    [ "$got" -eq "$code" ] && [ "$(wc -l <err)" -eq 1 ] &&
        grep -Eq -- "^cedm-data: .*($pattern)" err && [ ! -s out ] && return
    echo "exit code $got, wanted $code and '$pattern'" >&2
    cat err >&2
    return 1
}

# ---- what comes out ---------------------------------------------------------

"$data" photos -o one.zip --resolution 16 --threads 1 >out 2>err
for line in 'images 5' 'size 16' 'channels 3' 'classes 2' 'grey_to_rgb 1' \
    'alpha_dropped 1' 'files_left_out 2'; do
    check "says $line" says "$line"
done
check 'one line counts what was left out' \
    grep -qx 'cedm-data: photos: left out: 1 hidden, 1 of other kinds, the first is notes.txt' err
for threads in 2 5; do
    "$data" photos/ -o again.zip --resolution 16 --threads $threads >out 2>err
    check "the same by $threads threads" cmp one.zip again.zip
done
"$data" one.zip -o two.zip --labels none >out 2>err
"$data" two.zip -o three.zip >out 2>err
check 'a data set becomes itself' cmp two.zip three.zip
"$data" one.zip -o labelled.zip --json >out 2>err
check 'labels of a data set are kept' grep -q '"classes": 2' out
for way in stretch pad; do
    "$data" photos -o $way.zip --resolution 16 --fit $way >out 2>err
    check "--fit $way is another" \
        test -s $way.zip -a "$(cmp one.zip $way.zip | wc -l)" -eq 1
done
"$bin/cedm-train" --data one.zip --dry-run --cbase 8 --cres 1,1 \
    --num-blocks 1 --attn 4096 --batch 4 >train.out 2>&1
check 'cedm-train reads it' grep -q '5 images, 16x16, 3 channels' train.out

# ---- labels -----------------------------------------------------------------

cat >classes.csv <<EOF
name,class
a/1.png,0
a/2.JPG,7
b/3.webp,1
b/5.gif,1
b/c/4.bmp,2
elsewhere.png,3
EOF
"$data" photos -o l.zip --resolution 16 --labels classes.csv >out 2>err
check 'classes of a file' says 'classes 8'
check 'labels of no image are counted' says 'labels_unused 1'
check 'labels are in the archive' grep -aqF '["00000/img00000001.png", 7]' l.zip
sed -i '/3.webp/d' classes.csv
check 'every image needs a class' fails 1 'classes.csv: b/3.webp has no class' \
    photos -o l.zip --resolution 16 --labels classes.csv
echo 'b/3.webp,cat' >>classes.csv
check 'a class is a number' fails 1 "classes.csv:7: wanted a name and a class" \
    photos -o l.zip --resolution 16 --labels classes.csv
mkfifo pipe
check 'a pipe is no file of labels' timeout 10 bash -c \
    "'$data' photos -o l.zip --resolution 16 --labels pipe 2>&1 | grep -q 'wanted a file of labels'"

# ---- what is refused --------------------------------------------------------

check 'sizes differ' fails 1 'give --resolution' photos -o x.zip
check 'no power of two' fails 2 'power of two' photos -o x.zip --resolution 48
check 'no source' fails 2 'wanted a folder or zip file' -o x.zip
check 'no result' fails 2 'wanted a folder or zip file' photos
check 'two sources' fails 2 'unexpected' photos photos -o x.zip
check 'no fit' fails 2 'crop' photos -o x.zip --fit squeeze
check 'nothing there' fails 1 'nowhere: cannot be opened' nowhere -o x.zip
mkdir empty && echo >empty/readme.txt
check 'no images' fails 1 'no images in it.*readme.txt' empty -o x.zip
check 'nothing was written' test ! -e x.zip

cp one.zip before.zip
ln -s one.zip link.zip
ln one.zip other.zip
for out in one.zip link.zip other.zip; do
    check "$out is the source" fails 2 "$out: would replace the input one.zip" \
        one.zip -o $out
done
check 'it is spared' cmp one.zip before.zip
: >void.zip
check 'an empty archive' fails 1 'void.zip: the file is empty' void.zip -o x.zip
head -c 300 "$images/420.jpg" >photos/b/6.jpg
check 'a damaged image is named' fails 1 'photos/b/6.jpg: a JPEG that cannot' \
    photos -o one.zip --resolution 16
check 'the old data set stays' cmp one.zip before.zip
rm photos/b/6.jpg
printf '\001' | dd of=before.zip bs=1 seek=200 conv=notrunc 2>/dev/null
check 'a checksum is compared' fails 1 'before.zip:00000/img00000000.png: .*CRC' \
    before.zip -o x.zip

mkdir many
for i in $(seq 400); do ln "$images/420.jpg" "many/$i.jpg" 2>/dev/null ||
    cp "$images/420.jpg" "many/$i.jpg"; done
# The archive must not get the number of a stream that is closed.
"$data" many -o said.zip --resolution 16 --progress json 2>err
"$data" many -o silent.zip --resolution 16 --progress json 2>&- <&-
check 'there is progress' test -s err
check 'a closed stream is no output' cmp said.zip silent.zip

"$data" many -o x.zip --resolution 2048 >out 2>err &
pid=$!
sleep 0.5
kill -INT $pid
wait $pid
check 'Ctrl-C ends with 130' test $? -eq 130
check 'and leaves nothing' test "$(echo x.zip*)" = 'x.zip*'

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
