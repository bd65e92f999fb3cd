# SPDX-License-Identifier: MIT
#
# B5: constants of a preconditioning that are not the usual ones.
changed() { # NAME KEYS: what becomes of a network with these keys in its configuration
    edit_header "$golden/$1.safetensors" "$1.safetensors" \
        "s/\\\\\"precond\\\\\"/$2, &/"
    rm -rf "$1"
    says "$bin/cedm-freeze" "$1.safetensors" -o "$1" --name m >frozen
    sed -n 's/^ *\.\(sigma_m[ai][nx]\|beta_d\|noise_steps\) = \([^,]*\),/\1 \2/p' "$1/m.c" \
        2>/dev/null | tr '\n' ' '
    cat frozen
}
quoted() { printf '%s' "$1" | sed 's/"/\\\\\\"/g'; }
row 'VP with beta_d 10' '*beta_d 1e+01*0 ' "$(changed vp-tiny "$(quoted '"beta_d": 10')")"
row 'VP with epsilon_t 1e-3' '*sigma_min 0.0*0 ' \
    "$(changed vp-tiny "$(quoted '"epsilon_t": 1e-3')")"
row 'VE with sigma_max 50' '*sigma_max 5e+01*0 ' \
    "$(changed ve-tiny "$(quoted '"sigma_max": 50')")"
row 'iDDPM of C_2 0.008' '*0 ' "$(changed iddpm-tiny "$(quoted '"C_2": 0.008')")"
row 'VP with beta_d 0' '1 *beta_d*' "$(changed vp-tiny "$(quoted '"beta_d": 0')")"
row 'VP with sigma_max, which is not its own' '1 *unknown key*' \
    "$(changed vp-tiny "$(quoted '"sigma_max": 9')")"
printf '(dp0\n.' >old.pkl
row 'a pickle of protocol 0' '1 *a pickle of protocol 0 or 1*save it again with protocol 4' \
    "$(says "$bin/cedm-info" old.pkl)"
