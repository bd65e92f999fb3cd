# SPDX-License-Identifier: MIT
#
# losses.bash - what runs of cedm-train wrote in stats.jsonl.
value() { # NAME RUN LINE
    sed -n "$3s/.*\"$1\":\([^,]*\).*/\1/p" "$2/stats.jsonl"
}
near() { # LIMIT RUN RUN LINES: losses differ by that part of them at most
    local line a b
    for line in $(seq "$4"); do
        a=$(value loss "$2" "$line") b=$(value loss "$3" "$line")
        awk -v a="$a" -v b="$b" -v limit="$1" 'BEGIN {
            d = a - b
            exit !(a > 0 && d * d <= limit * limit * a * a)
        }' || { echo "tick $line: $a and $b" >&2; return 1; }
    done
}
