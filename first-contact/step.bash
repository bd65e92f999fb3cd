# SPDX-License-Identifier: MIT
#
# step.bash - steps of run.sh: each is a process of its own that is ended when
# its time is over, and what became of it is written down at once.
#
# $results/steps.txt has a line of each, with tabs: what became of it (ok,
# FAILED, hung, skipped), seconds, its name, a text; cases.txt the same of
# tests within steps, whose number is how far off they were, 1 being all that
# is allowed.

log=$work/log # of the step

left() { # SECONDS that the stage still has
    echo $((stage_end - SECONDS))
}

# Times are of the 540 seconds that all of it may take, of which a rehearsal has
# fewer.
scaled() { # SECONDS
    echo $((($1 * budget + 539) / 540))
}

# A stage may take until so many seconds after the start, so that those before
# it cannot take the time of those after it.
stage() { # NAME END
    stage_name=$1
    stage_end=$(scaled "$2")
}

record() { # VERDICT SECONDS NAME TEXT
    printf '%s\t%s\t%s\t%s\n' "$@" | tee -a "$results/steps.txt" |
        awk -F '\t' '{ printf "%-8s%6s s  %s: %s\n", $1, $2, $3, $4 }'
    awk -f "$kit/page.awk" "$kit/peers/ratios.txt" "$results/steps.txt" \
        "$results/cases.txt" "$results/layers.txt" "$results/numbers.txt" \
        "$results/peers.txt" "$results/machine.txt" >"$results/page.tmp"
    mv "$results/page.tmp" "$results/report.md"
}

# Runs a command into $log; its exit status, 124 if it was ended.  What cannot
# be ended, as a process that the driver holds, is left behind.
run_limited() { # SECONDS COMMAND...
    local limit=$1 process end status=124
    shift
    timeout -k 2 "$limit" "$@" >"$log" 2>&1 </dev/null &
    process=$!
    end=$((SECONDS + limit + 6))
    while kill -0 $process && [ $SECONDS -lt $end ]; do
        sleep 0.05
    done
    if [ $SECONDS -ge $end ] && kill -0 $process; then
        disown $process
        echo 'cannot be ended' >>"$log"
        return 124
    fi
    wait $process
    status=$?
    [ $status -ne 137 ] || status=124
    return $status
} 2>/dev/null

# Of a long log its beginning and its end.
keep_log() { # NAME
    {
        echo "==== $1"
        if [ "$(wc -c <"$log")" -le 400000 ]; then
            cat "$log"
        else
            head -c 200000 "$log"
            printf '\n....\n'
            tail -c 200000 "$log"
        fi
    } | head -c "$((15000000 - $(wc -c <"$results/log.txt")))" >>"$results/log.txt"
}

# The line that says most.
text_of() { # STATUS
    local line
    if [ "$1" -eq 124 ]; then
        echo "ended when its time was over; $(tail -n 1 "$log" | cut -c 1-160)"
    elif [ "$1" -eq 0 ] || [ "$1" -eq 77 ]; then
        { grep 'images/s' "$log" || cat "$log"; } | tail -n 1 | tr '\t' ' ' | cut -c 1-200
    else
        line=$(grep -v -E '^[0-9]+ passed' "$log" |
            grep -m 1 -E 'FAILED|[Ee]rror|wrong|failed|cannot|differ' ||
            grep -v -E '^[0-9]+ passed' "$log" | tail -n 1)
        echo "exit $1: $(echo "$line" | tr '\t' ' ' | cut -c 1-240)"
    fi
}

# Whether there is time, at most $limit.
has_time() { # NAME LIMIT
    limit=$(scaled "$2")
    [ "$limit" -le "$(left)" ] || limit=$(left)
    [ "$limit" -ge 2 ] || {
        record skipped 0 "$1" "no time is left for $stage_name"
        return 1
    }
}

step() { # NAME LIMIT COMMAND...
    local name=$1 limit=$2 status start=$SECONDS verdict=FAILED
    shift 2
    has_time "$name" "$limit" || return 0
    run_limited "$limit" "$@"
    status=$?
    case $status in
    0) verdict=ok ;;
    77) verdict=skipped ;;
    124) verdict=hung ;;
    esac
    keep_log "$name"
    record $verdict $((SECONDS - start)) "$name" "$(text_of $status)"
    [ $status -eq 0 ]
}

# ---- tests that are cases -------------------------------------------------

# Of cases, what names begin with, up to a colon, of which two ended their
# process: others like them are skipped.
ended_twice() {
    awk -F '\t' '$1 == "hung" || $5 ~ /the process ended/ {
        sub(/:.*/, ":", $4)
        if (++ended[$4] == 2) print $4
    }'
}

# The program prints as cmocka does, and is started again after the test that
# ended it (tests/gpu/plain/cmocka.c).
cases() { # NAME LIMIT SECONDS-OF-A-CASE COMMAND...
    local name=$1 limit=$2 of_case start=$SECONDS end first=0 status
    local before ran verdict=ok text= without=
    of_case=$(scaled "$3")
    shift 3
    has_time "$name" "$limit" || return 0
    end=$((SECONDS + limit))
    before=$(wc -l <"$results/cases.txt")
    while :; do
        run_limited "$limit" env TEST_FIRST=$first TEST_SECONDS="$of_case" \
            TEST_WITHOUT="$without" "$@"
        status=$?
        keep_log "$name, from test $first on"
        awk -v step="$name" -v status=$status -f "$kit/cases.awk" "$log" \
            >>"$results/cases.txt"
        ! tail -n 1 "$log" | grep -qE '^\[  (PASSED|FAILED)  \] [0-9]+ test' || break
        ran=$(grep -c '^\[ RUN ' "$log")
        first=$((first + ran))
        without=$(tail -n "+$((before + 1))" "$results/cases.txt" | ended_twice)
        limit=$((end - SECONDS))
        if [ "$ran" -eq 0 ] || [ $limit -lt 1 ]; then
            verdict=FAILED
            text="; the rest was not run: $(text_of $status)"
            break
        fi
    done
    text="$(tail -n "+$((before + 1))" "$results/cases.txt" |
        awk -F '\t' -f "$kit/count.awk")$text"
    case $text in *', 0 failed'*) ;; *) verdict=FAILED ;; esac
    record $verdict $((SECONDS - start)) "$name" "$text"
    [ $verdict = ok ]
}
