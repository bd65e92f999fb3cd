# SPDX-License-Identifier: MIT
#
# C2: threads where only some processors are ours.
threads() {
    "$@" --n 4 --steps 1 --json --out x.png | sed 's/.*"threads":\([0-9]*\).*/\1/'
}
row 'threads of cedm-gen tied to one processor' 1 "$(threads taskset -c 0 "$bin/cedm-gen")"
row 'threads that are asked for' 3 "$(threads taskset -c 0 "$bin/cedm-gen" --threads 3)"
