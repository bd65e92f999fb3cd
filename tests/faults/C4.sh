# SPDX-License-Identifier: MIT
#
# C4: the files of a model appear together, the library too.
from=$golden/uncond-tiny.safetensors
if strace -o /dev/null true 2>/dev/null; then
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o calls -e trace=rename "$bin/cedm-freeze" \
        "$from" -o d --name m --build >/dev/null 2>&1
    row 'names of six files and the library' 'one after the other, 7' "$(
        sed 's/^[0-9]* *//' calls | grep -n 'd/m\.[a-z]*")' |
            awk -F: '{ if (NR > 1 && $1 != at + 1) apart = 1; at = $1 }
                END { print (apart ? "apart" : "one after the other") ", " NR }')"
else
    row 'names of six files and the library' '*' 'not looked at: no strace'
fi
