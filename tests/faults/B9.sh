# SPDX-License-Identifier: MIT
#
# B9: a precision that only GPUs have, where there is none.
if ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1'; then
    row '--precision bf16' '*' 'not looked at: there is a driver'
else
    for device in auto cpu; do
        row "--device $device --precision bf16" \
            '[12] *--precision bf16: a CPU computes in fp32; wanted auto or fp32*' \
            "$(says "$bin/cedm-gen" --device $device --precision bf16 --n 1 --out x.png)"
    done
fi
