#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh PROGRAM SECONDS - runs a fuzz target on its corpus; the last line
# says how many executions and findings there were.  New inputs go to
# PROGRAM.new, findings to PROGRAM.found; a finding fails the run.
set -u

program=$1
seconds=$2
name=$(basename "$program")
dictionary=tests/fuzz/$name.dict

mkdir -p "$program.new" "$program.found"
set -- -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="$program.found/"
if [ -f "$dictionary" ]; then
    set -- "$@" -dict="$dictionary"
fi
"$program" "$@" "$program.new" "tests/fuzz/$name" >"$program.log" 2>&1
status=$?

edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$program.log" | tail -n 1)
executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$program.log")
findings=$(find "$program.found" -type f | wc -l)
if [ "$status" -ne 0 ]; then
    grep -E 'ERROR|SUMMARY|rror:|Test unit' "$program.log" | head -n 8
    echo "see $program.log"
fi
echo "$name: ${executions:-0} executions, ${edges:-0} edges," \
    "$findings findings"
[ "$status" -eq 0 ] && [ "$findings" -eq 0 ]
