# SPDX-License-Identifier: MIT
#
# A1: Links, streams and modes of --out.
one() { "$bin/cedm-gen" --n 1 --steps 1 --format raw "$@" >result; }

mkdir store && echo old >store/real.raw && chmod 600 store/real.raw
ln -s store/real.raw latest.raw && one --out latest.raw
row '--out through a link' 'symbolic link, 1024 bytes behind it' \
    "$(stat -c %F latest.raw), $(stat -L -c %s latest.raw) bytes behind it"
row 'its mode' 600 "$(stat -c %a store/real.raw)"
ln -s new.raw store/dangling.raw && one --out store/dangling.raw
row 'through a link to nothing yet' 'symbolic link, 1024 bytes behind it' \
    "$(stat -c %F store/dangling.raw), $(stat -c %s store/new.raw) bytes behind it"
ln store/real.raw other.raw && echo old >other.raw && one --out other.raw
row 'a file with two names' '2 names, 1024 bytes' \
    "$(stat -c '%h names, %s bytes' store/real.raw)"
one --out fd.raw && "$bin/cedm-gen" --n 1 --steps 1 --format raw --out /dev/fd/3 3>three
row '--out /dev/fd/3' 'the same bytes' "$(cmp fd.raw three && echo the same bytes)"
mkfifo pipe && { wc -c <pipe >count & } && one --out pipe && wait
row '--out of a named pipe' 'fifo, 1024 bytes' "$(stat -c %F pipe), $(cat count) bytes"
ln -s loop loop
row 'a link to itself' '1 *loop: cannot be written: Too many levels*' \
    "$(says "$bin/cedm-gen" --n 1 --steps 1 --out loop)"
mkdir frozen elsewhere && ln -s ../elsewhere/m.cedm frozen/m.cedm && echo old >elsewhere/m.cedm
"$bin/cedm-freeze" "$golden/ncsnpp-tiny.safetensors" -o frozen --name m >/dev/null
row 'cedm-freeze where M.cedm is a link' 'symbolic link, a blob behind it' \
    "$(stat -c %F frozen/m.cedm), $("$bin/cedm-info" elsewhere/m.cedm 2>&1 | grep -o 'blob,' |
        sed 's/blob,/a blob behind it/')"
if strace -o /dev/null true 2>/dev/null; then
    # As the kernel answers where another file is mounted on the name.
    echo old >mounted.raw && inode=$(stat -c %i mounted.raw)
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o /dev/null -e trace=rename \
        -e inject=rename:error=EBUSY "$bin/cedm-gen" --n 1 --steps 1 --format raw \
        --out mounted.raw >/dev/null 2>&1
    row 'an output that is a mount point' "1024 bytes in the same file, nothing beside it" \
        "$(stat -c %s mounted.raw) bytes in $([ "$(stat -c %i mounted.raw)" = "$inode" ] &&
            echo the same file), $(ls -A | grep -c 'mounted.raw.' | sed 's/^0$/nothing/') beside it"
else
    row 'an output that is a mount point' '*' 'not looked at: no strace'
fi
