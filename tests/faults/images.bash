# SPDX-License-Identifier: MIT
#
# images.bash - pictures of the tests, and what a data set of them is.
pictures=$root/tests/fuzz/image
# reads DATA ARGUMENTS...: what a run would have, or what is wrong; then what was
# left out or changed.
reads() {
    timeout 20 "$bin/cedm-train" --data "$1" --clusters none --cbase 4 --cres 1 \
        --num-blocks 1 --attn 64 --batch 4 --threads 2 --dry-run "${@:2}" 2>&1 |
        sed -n 's/^data: //p; s/^cedm-train: //p' | sort | tr '\n' ';'
}
# set_of FILE...: a new folder of them
set_of() {
    rm -rf set && mkdir set && cp -r "$@" set
}
