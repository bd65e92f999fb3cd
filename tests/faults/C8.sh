# SPDX-License-Identifier: MIT
#
# C8: progress on narrow terminals and on those that know no escapes.
gen="$bin/cedm-gen --n 6 --batch 1 --steps 20 --isa portable --out x.png"
screen() { # COLUMNS TERM: what a terminal of that kind is sent
    script -qc "stty cols $1; TERM=$2 $gen" /dev/null
}
if ! command -v script >/dev/null; then
    row 'no script(1) here to make a terminal' '' ''
    return
fi
widest=$(screen 40 xterm | tr '\r' '\n' | sed 's/\x1b\[K//' | grep 'left$' |
    awk '{ if (length > most) most = length } END { print most + 0 }')
row 'the widest line of progress on 40 columns' 'below 40' \
    "$([ "$widest" -gt 10 ] && [ "$widest" -lt 40 ] && echo below 40 || echo "$widest")"
row 'escapes for TERM=dumb' 0 "$(screen 80 dumb | grep -c "$(printf '\033')")"
