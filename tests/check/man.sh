#!/bin/sh
# SPDX-License-Identifier: MIT
#
# man.sh - every program has a manual page, whose options, arguments and
# defaults are those of --help, in the same order as far as that has one; the
# version is the library's; mandoc has nothing to say about any page.  Words of
# the library's lists are explained.
set -eu
build=${BUILD:-build}
bin=${BIN:-$build/bin}
work=$build/check/man
mkdir -p "$work"
bad=0
pages=0
options=0

fail() {
    echo "$1"
    bad=1
}

# "--option ARGUMENT [default]" per option, from --help: descriptions may go
# on in indented lines.
of_help() {
    awk '
    function flush() {
        if (option != "") {
            default = match(text, /\[[^][]*\]$/) ? " " substr(text, RSTART) : ""
            print option default
        }
        option = ""
    }
    /^  -/ {
        flush()
        option = $1
        text = $0
        if ($0 ~ /^  [^ ]+ [^ ]+  / && $2 != "") {
            option = $1 " " $2
        }
        next
    }
    option != "" { text = text " " $0 }
    END { flush() }'
}

# The same from a page: .B or .BI of an option after .TP, then its text.
of_page() {
    awk '
    function flush() {
        if (option != "") {
            print option (default != "" ? " " default : "")
        }
        option = default = ""
    }
    /^\.(TP|SH|SS)/ { flush(); tagged = $1 == ".TP"; next }
    tagged && /^\.BI? \\-/ {
        option = $0
        sub(/^\.BI? /, "", option)
        gsub(/\\-/, "-", option)
        gsub(/[" ]+/, " ", option)
        sub(/ $/, "", option)
        tagged = 0
        next
    }
    { tagged = 0 }
    option != "" && /^\[.*\]$/ { default = $0 }
    END { flush() }'
}

version=$(sed -n 's/^#define CEDM_VERSION "\(.*\)"/\1/p' include/cedm.h)
for program in "$bin"/cedm-*; do
    name=$(basename "$program")
    page=man/$name.1
    pages=$((pages + 1))
    if [ ! -f "$page" ]; then
        fail "$page: missing; $name has no manual page"
        continue
    fi
    "$program" --help | of_help | sort >"$work/$name.help"
    of_page <"$page" | sort >"$work/$name.page"
    if ! diff "$work/$name.help" "$work/$name.page" >"$work/$name.diff"; then
        fail "$page: not as $name --help (<) says:"
        sed 's/^/    /' "$work/$name.diff"
    fi
    options=$((options + $(wc -l <"$work/$name.help")))
    grep -q "^\.TH .* \"cedm $version\" " "$page" ||
        fail "$page: wanted version $version in .TH"
    if command -v mandoc >/dev/null; then
        mandoc -T lint -W warning "$page" || fail "$page: see above"
    fi
done
# Words that an option takes, where they come from the library's lists.
for option in solver disc schedule scaling churn-draws; do
    words=$("$bin/cedm-gen" --help |
        sed -n "s/^  --$option [A-Z]* *\(.*: \)*\([a-z0-9 ]*\) \[.*/\2/p")
    [ -n "$words" ] || fail "cedm-gen --$option: no words in --help"
    for word in $words; do
        awk -v "option=--$option" '
            { gsub(/\\-/, "-") }
            /^\.BI --/ { inside = index($0, ".BI " option " ") == 1; next }
            inside' man/cedm-gen.1 | grep -qw -- "$word" ||
            fail "man/cedm-gen.1: --$option says nothing of $word"
    done
done
for page in man/*.1; do
    [ -x "$bin/$(basename "$page" .1)" ] || fail "$page: of no program here"
done

if [ "$options" -lt 20 ]; then
    fail "only $options options of $pages programs found"
fi
[ "$bad" -eq 0 ] && echo "man: $options options of $pages programs"
exit "$bad"
