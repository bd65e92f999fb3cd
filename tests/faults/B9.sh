# SPDX-License-Identifier: MIT
#
# B9: commands of EDM and C-EDM, as docs/FROM_EDM.md has them; a precision that
# only GPUs have, where there is none.
. "$here/train.bash"

# flags PROGRAM: of its section, "theirs;ours" a line.
flags() {
    awk -F ' *[|] *' -v program="$1" '
        /^## / { on = $0 ~ program "$" }
        on && $2 ~ /^`/ { gsub(/`/, ""); print $2 ";" $3 }' "$root/docs/FROM_EDM.md"
}
# with FLAG... -- DEFAULT...: the flags, and those defaults that they do not name.
with() {
    local given=" $*" default
    while [ "$1" != -- ]; do command+=("$1") && shift; done
    shift
    for default; do
        case " ${given%% -- *}" in
        *" ${default%%=*}"[\ =]* | *" ${default%%=*}") ;;
        *) command+=("$default") ;;
        esac
    done
}
gen() { # FLAG...: a small job with it
    local command=("$bin/cedm-gen")
    with "$@" -- --isa=portable --steps=1 --seeds=0 --out=x.png --force
    says "${command[@]}"
}
trains() { # FLAG...: what it would be
    local command=("$bin/cedm-train")
    with "$@" -- --clusters=none --data=images.idx --cbase=4 --cres=1 --num-blocks=1 \
        --batch=8 --dry-run
    says "${command[@]}"
}
# wrong RUN: lines of its section that are not answered as they say.
wrong() {
    local theirs ours said
    while IFS=';' read -r theirs ours; do
        # shellcheck disable=SC2086
        said=$($1 $theirs)
        case $ours in
        'the same') [[ $said != '2 '* ]] ;;
        *) [[ $said == "2 "*"$ours"* || $said == "2 "*"${ours%% *}"* ]] ;;
        esac || echo "$theirs: $said"
        # shellcheck disable=SC2086
        case $ours in
        --*' '*) said=$($1 $ours) && [[ $said != "2 "*unknown* ]] || echo "$ours: $said" ;;
        esac
    done
}
flags cedm-gen >gen.flags
flags cedm-train >train.flags
# What the two programs have, by name: one row each, at least.
row 'options of generate.py in the table' 21 "$(wc -l <gen.flags)"
row 'of train.py' 42 "$(wc -l <train.flags)"
row 'of generate.py, answered otherwise' '' "$(wrong gen <gen.flags)"
row 'of train.py, answered otherwise' '' "$(wrong trains <train.flags)"
row '--seeds "1, 2"' '0 ' \
    "$(says "$bin/cedm-gen" --seeds '1, 2' --steps 1 --grid none --out d)"
row 'draws both' '000001.png 000002.png' "$(ls d | tr '\n' ' ' | sed 's/ $//')"
row '--seeds 5-3' '2 *runs backwards*' "$(says "$bin/cedm-gen" --seeds 5-3 --out x.png)"
row '--clusters of cedm-gen' '2 *unknown option*wanted --cluster' \
    "$(says "$bin/cedm-gen" --clusters 3)"

if ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1'; then
    row '--precision bf16' '*' 'not looked at: there is a driver'
else
    for device in auto cpu; do
        row "--device $device --precision bf16" \
            '[12] *--precision bf16: a CPU computes in fp32; wanted auto or fp32*' \
            "$(says "$bin/cedm-gen" --device $device --precision bf16 --n 1 --out x.png)"
    done
fi
