#!/bin/bash
# SPDX-License-Identifier: MIT
#
# power.sh - what a loss of power leaves of a run.  The calls of a run that saves
# are recorded; after each of them the folder is made as a disk may have it that
# was told to keep only what was synchronised [FSYNC].  From every such folder
# the run goes on to the same end.
set -u

. "$(dirname "$0")/checks.bash"
. "$root/tests/e2e/patterns.bash"
if ! strace -o /dev/null true 2>/dev/null; then
    echo "skipped: no strace, or it may not trace"
    exit 77
fi
# Who is traced cannot trace itself for leaks.
export ASAN_OPTIONS=detect_leaks=0

patterns 12
arguments=(--data images.idx --clusters ids.txt --cbase 4 --cres 1 --num-blocks 1 --attn 64
    --batch 4 --tick 0.004 --snap 1 --threads 1 --save 0 --duration 0.000016)

check "a run that keeps all points" "$bin/cedm-train" "${arguments[@]}" --out whole
check "a run that keeps one, recorded" strace -f -qq -s 0 -o calls \
    -e trace=openat,write,pwrite64,ftruncate,fsync,close,rename,unlink \
    "$bin/cedm-train" "${arguments[@]}" --out kept --keep 1

# Prints for each call what a disk may have after it, a line each: whether a state
# had been synchronised by then, and NAME=whole or NAME=empty.  A file whose bytes
# were not is empty; of the names that were not, the first few have changed, or
# only the removed ones are gone.
crashes() {
    awk -v q='"' '
    function is_result(name) {
        return name ~ /\/(options\.json|stats\.jsonl|loss\.png)$/ ||
            name ~ /\/(state|snapshot|grid)-[0-9]+\.(safetensors|png)$/
    }
    function change(names, what,    w) {
        split(what, w, " ")
        if (w[1] == "put") names[w[2]] = w[3]
        if (w[1] == "move") { names[w[3]] = names[w[2]]; delete names[w[2]] }
        if (w[1] == "remove") delete names[w[2]]
    }
    function later(what) { change(view, what); pending[++count] = what }
    function emit(n, only_removals,    i, name, now, line) {
        for (name in disk) now[name] = disk[name]
        for (i = 1; i <= n; i++)
            if (!only_removals || pending[i] ~ /^remove/) change(now, pending[i])
        line = promised ? "promised" : "begun"
        for (name in now)
            if (is_result(name))
                line = line " " name "=" (clean[now[name]] ? "whole" : "empty")
        print line
    }
    function crash(    i) {
        for (i = 0; i <= count; i++) emit(i, 0)
        emit(count, 1)
    }
    function synchronise(    i, name) {
        for (i = 1; i <= count; i++) change(disk, pending[i])
        count = 0
        for (name in disk) if (name ~ /\/state-[0-9]+\.safetensors$/) promised = 1
    }
    {
        sub(/^[0-9]+ +/, "")
        call = substr($0, 1, index($0, "(") - 1)
        split($0, text, q)
        fd = $0; sub(/^[a-z0-9]*\(/, "", fd); sub(/[,)].*/, "", fd)
        result = $NF
    }
    call == "openat" && text[2] == "kept" { folder[result] = 1 }
    call == "openat" && text[2] ~ /^kept\// && /O_CREAT/ {
        if (!(text[2] in view)) later("put " text[2] " " ++inodes)
        file[result] = view[text[2]]
    }
    (call == "write" || call == "pwrite64" || call == "ftruncate") && fd in file {
        clean[file[fd]] = 0
    }
    call == "fsync" && fd in file { clean[file[fd]] = 1 }
    call == "fsync" && fd in folder { synchronise() }
    call == "close" { delete file[fd]; delete folder[fd] }
    call == "rename" && text[2] ~ /^kept\// { later("move " text[2] " " text[4]) }
    call == "unlink" && text[2] ~ /^kept\// { later("remove " text[2]) }
    { crash() }' calls | sort -u
}

restore() { # WORDS of a line: the folder after, from the files of the whole run
    local word name
    rm -rf after
    mkdir after
    shift
    for word in "$@"; do
        name=${word%=*}
        name=${name#kept/}
        case $word in
        */options.json=whole) cp kept/options.json after ;;
        *=whole) cp "whole/$name" after ;;
        *) : >"after/$name" ;;
        esac
    done
}

goes_on() {
    "$bin/cedm-train" --resume --out after --keep 0 &&
        cmp {whole,after}/snapshot-000000016.safetensors &&
        cmp {whole,after}/state-000000016.safetensors
}

crashes >folders
check "the record has many folders" test "$(wc -l <folders)" -gt 20
check "no state is there by halves" test -z "$(grep -o 'state-[0-9]*.safetensors=empty' folders)"
check "once there is a state, one stays" test -z "$(grep '^promised' folders | grep -v 'state-')"
while read -r line; do
    [[ $line == promised* ]] || continue
    # shellcheck disable=SC2086
    restore $line
    check "goes on from $line" goes_on
done <folders

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
