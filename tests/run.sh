#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh - runs a test and counts it.
#
#   run.sh TALLY NAME COMMAND...    a program, a script or a command
#   run.sh TALLY -s                 prints `N passed, N failed`
#
# A line "passed failed skipped" per program is appended to the file TALLY.
# Counts come from cmocka's summary or from a last line `N passed, N failed`;
# a program that prints neither is one test: exit status 0 is a pass, 77 a
# skip.  A program that dies or says 0 tests is a failure whatever it printed.
# Output is shown only for failures; logs stay beside TALLY.  The line of a
# test ends with the time that passed and that of processors.  The exit status
# is 0: failures are in TALLY, and make goes on.
set -u

tally=$1
shift

if [ "$1" = -s ]; then
    awk '{ p += $1; f += $2; s += $3 }
        END {
            if (p + f == 0) { print "nothing ran"; f = 1 }
            printf "%d passed, %d failed%s\n", p, f, \
                s ? sprintf(", %d skipped", s) : ""
            exit (f > 0)
        }' "$tally"
    exit
fi

name=$1
shift
logs=$(dirname "$tally")/logs
mkdir -p "$logs"
log=$logs/$(printf %s "$name" | tr -c 'A-Za-z0-9.' _).log

TIMEFORMAT='%0R %0U %0S'
took=$({ time "$@" </dev/null >"$log" 2>&1; } 2>&1)
status=$?
read -r seconds user system <<<"$took"
took="$seconds s, $((user + system)) s of cpu"

counts=$(awk -v status="$status" '
    function number(word) {
        match($0, "[0-9]+ " word)
        return RSTART ? substr($0, RSTART) + 0 : 0
    }
    /^\[  PASSED  \] [0-9]+ test/ { p += number("test"); seen = 1 }
    /^\[  FAILED  \] [0-9]+ test/ { f += number("test"); seen = 1 }
    /^\[  SKIPPED \] [0-9]+ test/ { s += number("test"); seen = 1 }
    /^[0-9]+ passed, [0-9]+ failed/ {
        p += number("passed"); f += number("failed")
        s += number("skipped"); seen = 1
    }
    END {
        if (!seen) {
            p = status == 0; s = status == 77; f = !p && !s
        } else if (p + f + s == 0 || (status != 0 && f == 0)) {
            f++
        }
        print p + 0, f + 0, s + 0
    }' "$log")
echo "$counts" >>"$tally"
read -r passed failed _ <<<"$counts"
if [ "$failed" -gt 0 ]; then
    {
        grep -E 'ERROR|FAIL|rror:|Sanitizer|\*\*\*' "$log" | head -n 30
        echo "... and the end of $log:"
        tail -n 20 "$log"
    } | sed 's/^/    | /'
    echo "FAIL $name: $passed passed, $failed failed, exit $status, $took"
elif [ "$passed" -eq 0 ]; then
    echo "skip $name: $(tail -n 1 "$log")"
else
    echo "ok   $name: $passed passed, $took"
fi
