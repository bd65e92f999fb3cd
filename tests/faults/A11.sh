# SPDX-License-Identifier: MIT
#
# A11: default names of cedm-gen.
gen() { "$bin/cedm-gen" --steps 1 "$@"; }
names() { # ARGUMENTS...: how many names 2 jobs get, the second with arguments
    { gen --cluster 5 --n 2; gen --cluster 5 --n 2 "$@"; } | sort -u | wc -l
}
for other in '--sigma-max 70' '--guidance 1' '--grid 1x2' '--S-churn 1' '--solver euler'; do
    # shellcheck disable=SC2086
    row "names of two jobs, the second with $other" 2 "$(names $other)"
done
row 'other steps, other n' 3 \
    "$({
        gen --cluster 5 --n 2
        gen --cluster 5 --n 3
        "$bin/cedm-gen" --steps 2 --cluster 5 --n 2
    } | sort -u | wc -l)"
row 'the same job again' 1 "$(names)"
long=$(seq -s, 1 2 61)
row 'lists alike in their first 63 characters' 2 \
    "$({ gen --seeds "$long"; gen --seeds "$long,64"; } | sort -u | wc -l)"
gen --out other.png --n 1 --seed 7 >/dev/null
name=$(gen --cluster 5 --n 2)
row 'the same job over its file' "0 " "$(says "$bin/cedm-gen" --steps 1 --cluster 5 --n 2)"
cp other.png "$name"
row 'over a file of another recipe' '1 *exists, and holds something else*' \
    "$(says "$bin/cedm-gen" --steps 1 --cluster 5 --n 2)"
row 'which stays' 'the same bytes' "$(cmp other.png "$name" && echo the same bytes)"
row 'with --force' '0 ' "$(says "$bin/cedm-gen" --steps 1 --cluster 5 --n 2 --force)"
