# SPDX-License-Identifier: MIT
#
# cedm.bash - completion for all cedm programs.  Options and commands are those
# that the program lists, and where an option takes one of a few words the program names
# them, for it is asked with one that it refuses.  File names everywhere else.

_cedm() {
    local program=$1 word=$2 before=$3 words= command=
    [[ $program != *cluster ]] || command=${COMP_WORDS[1]}
    case $before in
    --arch | --churn-draws | --cpu-conv | --disc | --filter | --fit | --format | --loss | \
        --mode | --positions | --precision | --preset | --progress | --scaling | --schedule | \
        --solver | --weights)
        words=$("$program" $command "$before" '?' 2>&1 |
            sed -n "s/.*: wanted one of \(.*\), got '?'.*/\1/p")
        words=${words//,/}
        ;;
    --cluster) words='all random none' ;;
    --device)
        words='auto cpu cuda'
        [[ $program != *gen ]] || words+=' cuda:all'
        ;;
    --grid) words='auto none' ;;
    --init) [[ $program != *cluster ]] || words='plusplus random' ;;
    --isa) words='avx2 avx512 avx512bf16 neon portable' ;;
    *)
        if [[ $word == -* ]]; then
            words=$("$program" --help 2>/dev/null |
                sed -n 's/^  \(--*[A-Za-z-]*\).*/\1/p')
        elif [[ $before == "$program" ]]; then
            words=$("$program" --help 2>/dev/null |
                sed -n 's/^    cedm-[a-z]* \([a-z-]*\) .*/\1/p')
        fi
        ;;
    esac
    if [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        compopt -o default 2>/dev/null
        COMPREPLY=()
    fi
}

complete -F _cedm cedm-cluster cedm-data cedm-embed cedm-eval cedm-freeze cedm-gen \
    cedm-info cedm-train cedm-verify
