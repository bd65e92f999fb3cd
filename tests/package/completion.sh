#!/bin/bash
# SPDX-License-Identifier: MIT
#
# completion.sh - what a shell offers: every option of every program, and the words
# of those that take one of a few; programs do nothing when they are asked.
set -u

. "$(dirname "$0")/checks.bash"
root=$PWD
bin=$(cd "${BIN:-$build/bin}" && pwd)
# shellcheck source=packaging/cedm.bash
. packaging/cedm.bash
cd "$work" || exit 1

offers() { # WANTED PROGRAM ARGUMENT...: the last is what has been typed of a word
    local wanted=$1 program=$bin/$2
    shift 2
    COMP_WORDS=("$program" "$@")
    COMPREPLY=()
    _cedm "$program" "${!#}" "${COMP_WORDS[$# - 1]}" 2>/dev/null
    echo "wanted $wanted; seen ${COMPREPLY[*]-}"
    [ "$(tr ' ' '\n' <<<"${COMPREPLY[*]-}" | sort | tr '\n' ' ')" = "$wanted " ]
}

# Which options a program has, and which are to take one of a few words.
few=$(sed -n '/--arch |/,/) *$/p' "$root/packaging/cedm.bash" | grep -o -- '--[a-z-]*')
for program in cluster data embed eval freeze gen info train verify; do
    options=$("$bin/cedm-$program" --help | sed -n 's/^  \(--*[A-Za-z-]*\).*/\1/p' | sort)
    check "the options of cedm-$program" offers "$(tr '\n' ' ' <<<"$options" | sed 's/ $//')" \
        "cedm-$program" -
    for option in $few; do
        grep -qx -- "$option" <<<"$options" || continue
        COMP_WORDS=("" kmeans)
        COMPREPLY=()
        _cedm "$bin/cedm-$program" '' "$option" 2>/dev/null
        check "words of cedm-$program $option" test "${#COMPREPLY[@]}" -ge 2
    done
done
check 'commands of cedm-cluster' offers 'kmeans knn' cedm-cluster k
check 'commands of cedm-eval' offers 'fd fd-infinity' cedm-eval fd
check 'modes' offers 'activations denoise encode sample' cedm-verify --mode ''
check 'what begins so' offers 'edm-afhqv2 edm-cifar10 edm-ffhq64 edm-imagenet64' \
    cedm-train --preset edm
check 'a loss' offers 'pmi scan temi wmi' cedm-cluster temi --loss ''
check 'first centres' offers 'plusplus random' cedm-cluster kmeans --init ''
check 'a file' offers '' cedm-gen --init ''
check 'nothing is written' test "$(ls)" = log

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
