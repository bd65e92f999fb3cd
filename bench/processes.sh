#!/bin/bash
# SPDX-License-Identifier: MIT
#
# processes.sh - how long a whole cedm-gen takes with 35 evaluations an image, the default,
# and with 10: in turns, so that what else the machine does slows down both.
#
#     bench/processes.sh BIN [TURNS]      default: 9
#
# Prints medians of seconds, of the clock and of processor time.
set -eu

bin=$1 turns=${2:-9}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

TIMEFORMAT='%R %U %S'
draw() { # NAME OPTION...
    { time "$bin/cedm-gen" --cluster 5 --n 64 --format raw --out "$folder/images" "${@:2}" \
        >/dev/null 2>&1; } 2>>"$folder/$1"
}
median() { # NAME FIELDS
    awk "{ print $2 }" "$folder/$1" | sort -g | sed -n "$(((turns + 1) / 2))p"
}

for ((turn = 0; turn < turns; turn++)); do
    draw heun
    draw few --nfe 10
done
for of in 'clock:$1' 'processors:$2 + $3'; do
    heun=$(median heun "${of#*:}") few=$(median few "${of#*:}")
    awk -v of="${of%:*}" -v heun="$heun" -v few="$few" 'BEGIN {
        printf "64 images, %s: %.2f s, with --nfe 10 %.2f s: %.2f times as fast\n", \
            of, heun, few, heun / few }'
done
