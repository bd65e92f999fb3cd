# SPDX-License-Identifier: MIT
#
# cedm.bash - completion for all cedm programs.  Options are those that the
# program itself lists, so they need no list here; words are completed where
# an option takes one of a few, file names everywhere else.

_cedm() {
    local program=$1 word=$2 before=$3 words=
    case $before in
    --cluster) words='all random none' ;;
    --arch) words='ddpmpp ncsnpp adm' ;;
    --cpu-conv) words='auto direct winograd' ;;
    --device) words='auto cpu cuda cuda:all' ;;
    --fit) words='crop stretch pad' ;;
    --format) words='png npy raw' ;;
    --grid) words='auto none' ;;
    --init) [[ $program == *cluster ]] && words='plusplus random' ;;
    --isa) words='avx2 avx512 avx512bf16 neon portable' ;;
    --loss) words='temi pmi wmi scan' ;;
    --mode) words='denoise sample activations' ;;
    --precision) words='auto fp32 fp16 bf16' ;;
    --preset) words='cifar10 cifar100 ffhq64 fashion' ;;
    --progress) words='auto bar json none' ;;
    --weights) words='f32 f16' ;;
    --churn-draws | --disc | --scaling | --schedule | --solver)
        words=$("$program" --help 2>/dev/null |
            sed -n "s/^  $before [A-Z]* *\(.*: \)*\([a-z0-9 ]*\) \[.*/\2/p")
        ;;
    *)
        if [[ $word == -* ]]; then
            words=$("$program" --help 2>/dev/null |
                sed -n 's/^  \(--*[A-Za-z-]*\).*/\1/p')
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
