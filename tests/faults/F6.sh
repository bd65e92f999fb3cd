# SPDX-License-Identifier: MIT
#
# F6: an older state is removed after the newer one is on the disk.
. "$here/train.bash"
if strace -o /dev/null true 2>/dev/null; then
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o calls -e trace=fsync,rename,unlink \
        "$bin/cedm-train" --data images.idx "${small[@]}" --duration 0.000008 --keep 1 \
        --out run >/dev/null 2>&1
    row 'calls from the new state to the old one' 'fsync rename fsync unlink' "$(
        sed 's/^[0-9]* *//' calls |
            awk '/rename.*state-000000008/ { print before, "rename"; on = 1 }
            on && /^fsync/ { print "fsync"; on = 0 }
            /unlink.*state-000000004/ { print "unlink" }
            { before = $0; sub(/\(.*/, "", before) }' | tr '\n' ' ' | sed 's/ $//')"
else
    row 'calls from the new state to the old one' '*' 'not looked at: no strace'
fi
