# SPDX-License-Identifier: MIT
#
# abi_layout.awk - of preprocessed headers on one line a C program that prints
# every structure with its size, every member with offset, size and type, and
# every number of an enumeration.
function trim(text) { gsub(/^ +| +$/, "", text); return text }
function print_member(of, type, name) {
    printf "MEMBER(%s, %s, \"%s\")\n", of, name, trim(type)
}
function members(of, body,    part, piece, n, m, i, k, base, at, name, array) {
    n = split(body, part, ";")
    for (i = 1; i < n; i++) {
        if (match(part[i], /\( ?\*[a-z_0-9]+ ?\)/)) {
            name = substr(part[i], RSTART, RLENGTH)
            gsub(/[()* ]/, "", name)
            print_member(of, part[i], name)
            continue
        }
        m = split(part[i], piece, ",")
        for (k = 1; k <= m; k++) {
            array = match(piece[k], /\[.*/) ? substr(piece[k], RSTART) : ""
            sub(/\[.*/, "", piece[k])
            piece[k] = trim(piece[k])
            at = match(piece[k], /[A-Za-z_0-9]+$/)
            name = substr(piece[k], at)
            piece[k] = substr(piece[k], 1, at - 1)
            if (k == 1) {
                base = piece[1]
                sub(/[* ]*$/, "", base)
            } else {
                piece[k] = base " " piece[k]
            }
            print_member(of, piece[k] array, name)
        }
    }
}
function numbers(body,    part, n, i) {
    n = split(body, part, ",")
    for (i = 1; i <= n; i++) {
        sub(/=.*/, "", part[i])
        if (trim(part[i]) != "") printf "NUMBER(%s)\n", trim(part[i])
    }
}
BEGIN {
    print "#include <stdio.h>\n#include \"cedm_cuda.h\""
    print "#define STRUCT(s) printf(\"struct \" #s \" %zu\\n\", sizeof(struct s));"
    print "#define MEMBER(s, m, t) printf(\"member \" #s \".\" #m" \
        " \" %zu %zu \" t \"\\n\", \\"
    print "    offsetof(struct s, m), sizeof(((struct s *)0)->m));"
    print "#define NUMBER(n) printf(\"number \" #n \" %lld\\n\", (long long)n);"
    print "int main(void) {\nNUMBER(CEDM_MODEL_ABI)"
}
{
    text = $0
    while (match(text, /(struct|enum) ?[a-z_0-9]* \{[^}]*\}/)) {
        found = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        body = substr(found, index(found, "{") + 1)
        sub(/\}$/, "", body)
        split(found, word, " ")
        if (word[2] !~ /^cedm_/ && word[1] == "struct") continue
        if (word[1] == "enum") { numbers(body); continue }
        printf "STRUCT(%s)\n", word[2]
        members(word[2], body)
    }
}
END { print "return 0; }" }
