# SPDX-License-Identifier: MIT
#
# rows.bash - what the scripts beside it print their rows with.

# row WHAT WANTED SEEN: one line of the list.  WANTED is a pattern of bash, so
# that `*` stands for what does not matter.
row() {
    local result=FAILED
    # shellcheck disable=SC2053
    [[ $3 == $2 ]] && result=ok
    printf '%-6s %-4s %s; wanted %s; seen %.120s\n' $result "$number" "$1" "$2" \
        "$(printf %s "$3" | tr '\n' ' ')" | tee -a "../$number.rows"
}

# says COMMAND...: its exit code and the first line it wrote to stderr, after
# at most 20 seconds.
says() {
    local code
    timeout 20 "$@" >said.out 2>said
    code=$?
    echo "$code $(head -n 1 said)"
}

# prints COMMAND...: the same with what it wrote to stdout.
prints() {
    timeout 20 "$@" 2>/dev/null
    echo "exit code $?"
}

# edit_header FROM TO SED: a safetensors file whose header goes through sed.
edit_header() {
    local length
    length=$(od -An -tu8 -N8 "$1" | tr -d ' ')
    tail -c +9 "$1" | head -c "$length" | sed "$3; s/ *$//" | tr -d '\n' >header
    while [ $(($(wc -c <header) % 8)) -ne 0 ]; do printf ' ' >>header; done
    {
        printf '%016x' "$(wc -c <header)" | sed 's/../& /g' |
            awk '{ for (i = 8; i > 0; i--) printf "\\x%s", $i }' | xargs -0 printf '%b'
        cat header
        tail -c +$((9 + length)) "$1"
    } >"$2"
}
