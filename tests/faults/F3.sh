# SPDX-License-Identifier: MIT
#
# F3: prepared weights of another backend, or none; -21 is CEDM_E_WEIGHTS.
"$bin/cedm-freeze" "$golden/uncond-tiny.safetensors" -o . --name m --weights f16 >/dev/null
lib=$bin/../lib/libcedm.a
if [ -n "$(nm "$lib" 2>/dev/null | grep -m 1 -E '__(asan|tsan)_')" ]; then
    row 'the library of sanitizers links with them alone' '' ''
    return
fi
"${CC:-cc}" -std=c11 -I"$root/include" -I. "$here/F3.c" m.c "$lib" -o f3
row 'cedm_net_init with weights of others' "none -21;*short -21; right 0; exit code 0" \
    "$(prints ./f3 | tr '\n' ' ' | sed 's/ $//')"
