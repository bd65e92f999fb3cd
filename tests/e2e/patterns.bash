# SPDX-License-Identifier: MIT
#
# patterns.bash - images to train on.

# patterns N: images.idx has N grey images of 8x8, all different: columns, rows
# and squares in turns, whose clusters in ids.txt are 0, 5 and 10.
patterns() {
    awk -v n="$1" 'BEGIN {
        printf "%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c", \
            0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 8, 0, 0, 0, 8
        for (i = 0; i < n; i++)
            for (y = 0; y < 8; y++) for (x = 0; x < 8; x++) {
                c = i % 3
                on = c == 0 ? int(x / 2) % 2 : c == 1 ? int(y / 2) % 2 \
                    : (int(x / 4) + int(y / 4)) % 2
                printf "%c", on ? 127 : 1 + i
            }
    }' >images.idx
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print i % 3 * 5 }' >ids.txt
}
