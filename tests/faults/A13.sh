# SPDX-License-Identifier: MIT
#
# A13: noise of churn outside of its window, of EDM and of C-EDM.
gen() { # DRAWS
    "$bin/cedm-gen" --n 1 --steps 4 --S-churn 2 --S-min 0.1 --S-max 1 --churn-draws "$1" \
        --out "$1.png" >/dev/null
}
gen edm && gen cedm
row '--churn-draws edm and cedm inside a window' 'other images' \
    "$(cmp -s edm.png cedm.png || echo other images)"
row 'what --help says of it' '*churn draws as: edm cedm*' \
    "$("$bin/cedm-gen" --help | grep churn-draws)"
row 'the record has it' '*"churn_draws":"cedm"*' "$(grep -a -o '"churn_draws":"[a-z]*"' cedm.png)"
