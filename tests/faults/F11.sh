# SPDX-License-Identifier: MIT
#
# F11: configurations, weights and names at the edge.
from=$golden/uncond-tiny.safetensors
config() { # SED: what cedm-info says of the network with another configuration
    edit_header "$from" m.safetensors "$1" && says "$bin/cedm-info" m.safetensors
}
row 'a sound configuration' '0 ' "$(config '')"
row 'one with text behind it' '1 *:cedm.config: not JSON; *nothing behind it*' \
    "$(config 's/\("cedm.config":[ ]*"{[^}]*}\)/\1 more/')"
row 'with a comment' '1 *:cedm.config: not JSON*' \
    "$(config 's/\("cedm.config":[ ]*"{\)/\1 \/* no *\/ /')"
for number in 08 +8 8. 0x8 8e; do
    row "with img_resolution $number" '1 *:cedm.config: not JSON*' \
        "$(config "s/\(img_resolution[^:]*:[ ]*\)8/\1$number/")"
done
length=$((8 + $(od -An -tu8 -N8 "$from")))
weight() { # BYTES: the first weight of the network is that float
    cp "$from" m.safetensors
    printf "$1" | dd of=m.safetensors bs=1 seek=$length conv=notrunc status=none
    says "$bin/cedm-info" m.safetensors
}
row 'a weight of FLT_MAX' '0 ' "$(weight '\377\377\177\177')"
row 'a weight of infinity' '1 *weight is not finite*' "$(weight '\0\0\200\177')"
"$bin/cedm-freeze" "$from" -o . --name foo >/dev/null
"$bin/cedm-freeze" "$golden/ddpmpp-tiny.safetensors" -o . --name FOO >/dev/null
printf '#include "foo.h"\n#include "FOO.h"\n' >both.c
row 'headers of the models foo and FOO in one file' '*differ in case alone*' \
    "$(${CC:-cc} -I"$root/include" -c both.c 2>&1 | grep error)"
printf '#include "foo.h"\n#include "foo.h"\nint x = FOO_RESOLUTION;\n' >twice.c
row 'one of them twice' '0' "$(${CC:-cc} -I"$root/include" -c twice.c 2>err; echo $?)"
