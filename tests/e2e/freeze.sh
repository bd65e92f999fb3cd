#!/bin/bash
# SPDX-License-Identifier: MIT
#
# freeze.sh - what cedm-freeze promises of its files: the same bytes every
# time; with --verify all of them or none; and what its options put in.
set -u

. "$(dirname "$0")/checks.bash"
golden=$root/tests/golden

freeze() { # CHECKPOINT DIRECTORY ARGUMENTS...
    local checkpoint=$golden/$1.safetensors directory=$2
    shift 2
    "$bin/cedm-freeze" "$checkpoint" -o "$directory" --name m "$@"
}
six='m.c m.cedm m.csv m.h m.map m.svg'
seven='m.c m.cedm m.csv m.h m.map m.so m.svg'
listing() {
    ls -A "$1" | tr '\n' ' ' | sed 's/ $//'
}
copy_of() { # both hold the same files with the same bytes, but for M.so
    diff -r --exclude=m.so "$1" "$2"
}

# ---- the same bytes --------------------------------------------------------

freeze ncsnpp-tiny a >/dev/null
check 'six files' [ "$(listing a)" = "$six" ]
freeze ncsnpp-tiny b/c/d --build >/dev/null
check '--build adds one' [ "$(listing b/c/d)" = "$seven" ]
check 'and changes none' copy_of a b/c/d
cp -r a before
freeze ncsnpp-tiny a >/dev/null
check 'again: the same bytes' copy_of before a

# ---- compared first --------------------------------------------------------

good=$golden/ncsnpp-tiny.golden.safetensors
bad=$golden/ddpmpp-tiny.golden.safetensors
freeze ncsnpp-tiny v --verify "$good" >out
check '--verify prints its items' [ "$(grep -c ' ok$' out)" -eq 7 ]
check '--verify writes six files' [ "$(listing v)" = "$six" ]
check 'the same ones' copy_of a v
freeze ncsnpp-tiny w --verify "$good" --build >/dev/null
check 'with --build seven' [ "$(listing w)" = "$seven" ]
check 'which can be loaded' "$bin/cedm-verify" --model w/m.so --golden "$good"

freeze ncsnpp-tiny no --verify "$bad" >/dev/null 2>says
check 'a bad comparison fails' [ $? -eq 1 ]
check 'says so in one line' [ "$(grep -c 'past the limit' says)" -eq 1 ]
check 'and leaves no folder' [ ! -e no ]
freeze ddpmpp-tiny v --verify "$good" >/dev/null 2>&1
check 'nor does another model' [ $? -eq 1 ]
check 'replace the old files' copy_of a v
check 'or leave new ones' [ "$(listing v)" = "$six" ]
freeze ncsnpp-tiny v --verify none.safetensors >/dev/null 2>says
check 'a missing golden file fails' [ $? -eq 1 ]
check 'before anything is written' [ "$(listing v)" = "$six" ]
CC=false freeze ncsnpp-tiny no --verify "$good" >/dev/null 2>says
check 'so does a compiler that fails' [ $? -eq 1 ]
check 'and leaves nothing' [ ! -e no ]

# ---- 16 bits ---------------------------------------------------------------

freeze ncsnpp-tiny h --weights f16 --verify "$good" --build >/dev/null
check 'f16 has its own limits' [ "$(listing h)" = "$seven" ]
check 'and half the size' [ "$(wc -c <h/m.cedm)" -lt \
    $(($(wc -c <a/m.cedm) / 2 + 16384)) ]
check 'cedm-info names the type of a blob' \
    grep -q 'blob, f16' <("$bin/cedm-info" h/m.cedm)
check 'and of a model' grep -q '"blob_type":.*"f16"' \
    <("$bin/cedm-info" --json h/m.so)
check 'and otherwise f32' grep -q 'blob, f32' <("$bin/cedm-info" a/m.cedm)
cp h/m.cedm a.cedm && cp b/c/d/m.so a.so
"$bin/cedm-gen" --model a.so --n 1 --out no.png >/dev/null 2>says
check 'a blob of 16 bits is not for code of 32' [ $? -eq 1 ]
check 'as the error says' grep -q 'belongs to another model' says

# ---- images per cluster ----------------------------------------------------

echo '0 0 0 5 0 0 0' >freq.txt
freeze ncsnpp-tiny f --freq freq.txt --build >/dev/null
"$bin/cedm-gen" --model f/m.so --n 3 --steps 2 --format raw --out r.raw \
    >/dev/null
"$bin/cedm-gen" --model f/m.so --n 3 --steps 2 --cluster 3 --format raw \
    --out c.raw >/dev/null
check '--freq is what random draws by' cmp r.raw c.raw
check 'and what cedm-info shows' grep -q 'cluster 3: 5 images, 100.00 %' \
    <("$bin/cedm-info" f/m.cedm)
freeze ncsnpp-tiny p --freq "$golden/freq-7.pt" >/dev/null
check 'the same from a file of torch.save' cmp f/m.cedm p/m.cedm
echo '1 2' >short.txt
freeze ncsnpp-tiny no --freq short.txt >/dev/null 2>says
check 'too few counts fail' [ $? -eq 1 ]
check 'with both numbers' grep -q 'wanted 7 counts.*got 2' says
freeze uncond-tiny no --freq freq.txt >/dev/null 2>says
check 'counts of an unconditional network are wrong use' [ $? -eq 2 ]
check 'and write nothing' [ ! -e no ]

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
