# SPDX-License-Identifier: MIT
#
# cases.awk - from what a program of tests printed, a line of each test: what
# became of it, how far off it was, its step and its name, a text.  `status` is how
# the program ended; a test without an end ended it.

function line(verdict, text) {
    gsub(/\t/, " ", text)
    printf "%s\t%s\t%s\t%s\t%s\n", verdict, worst == "" ? "-" : worst, step, name, text
    name = ""
}
/^\[ RUN / {
    name = substr($0, 14)
    worst = text = last = ""
    next
}
name == "" { next }
/^[0-9.einaf+-]+ of what is allowed: / {
    if (worst == "" || $1 + 0 > worst + 0) worst = $1
    next
}
/^\[       OK \]/ { line("ok", ""); next }
/^\[  SKIPPED \]/ { line("skipped", "others like it ended their process"); next }
/^\[  FAILED  \]/ {
    if (match(text, /the worst by [^ ]* times/)) {
        split(substr(text, RSTART, RLENGTH), word, " ")
        worst = word[4]
    }
    line("FAILED", text)
    next
}
/^[^ ]*[.]c:[0-9]+: / {
    text = $0
    sub(/^[^ ]*: /, "", text)
}
{ last = $0 }
END {
    if (name == "") exit
    if (status == 142 || status == 124) line("hung", "no end after its time; " last)
    else line("FAILED", (text != "" ? text : last) " (the process ended, exit " status ")")
}
