#!/bin/bash
# SPDX-License-Identifier: MIT
#
# report.sh - tables and figures of the rows that a study has so far, in its
# folder: rows/*.json become rows.jsonl, table.md and figure-*.svg.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cat rows/*.json >rows.jsonl

# One line a row: run, kimg, method, clusters, seed, fd, ufid, auroc, fd_pixels,
# r_c, nmi, ami; "-" where a row has none.
fields() {
    awk '
    function field(key,    at) {
        if (!match($0, "\"" key "\": *[^,}]*")) return "-"
        at = substr($0, RSTART, RLENGTH)
        sub(/^[^:]*: */, "", at)
        gsub(/"/, "", at)
        return at
    }
    BEGIN { OFS = "\t"; n = split("run kimg method clusters seed fd ufid auroc fd_pixels " \
        "r_c nmi ami", key, " ") }
    { out = field(key[1]); for (i = 2; i <= n; i++) out = out OFS field(key[i]); print out }
    ' rows.jsonl | sort -t "$(printf '\t')" -k3,3 -k4,4n -k2,2n -k5,5n
}
fields >.fields
# The number of images at which the most conditions are measured.
compared=$(cut -f 2-4 .fields | sort -u | cut -f 1 | sort -n | uniq -c | sort -k1,1n -k2,2n |
    awk '{ at = $2 } END { print at }')

# at_compared COLUMN: "method clusters mean least most runs" after so many images.
at_compared() {
    awk -F '\t' -v OFS='\t' -v at="$1" -v compared="$compared" '
    $2 == compared && $at != "-" {
        key = $3 OFS $4
        if (!(key in n)) { order[++keys] = key; least[key] = most[key] = $at }
        n[key]++
        sum[key] += $at
        if ($at + 0 < least[key] + 0) least[key] = $at
        if ($at + 0 > most[key] + 0) most[key] = $at
    }
    END { for (i = 1; i <= keys; i++) { key = order[i]
        print key, sum[key] / n[key], least[key], most[key], n[key] } }' .fields
}

label='function label(method, clusters) {
    return method == "none" ? "unconditional" : method == "labels" ? "labels" \
        : method == "kmeans" ? "k-means" : method == "temi" ? "TEMI" : "k-means of pixels" }'

table() {
    printf '| condition | C | images | runs | FD (least to most) | uFID | AUROC | '
    echo 'FD of pixels | r_C | NMI | AMI |'
    echo '|---|---|---|---|---|---|---|---|---|---|---|'
    awk -F '\t' "$label"'
    function mean(key, at,    n) {
        n = count[key, at]
        return n ? sprintf("%.4g", sum[key, at] / n) : ""
    }
    {
        key = $3 "\t" $4 "\t" $2
        if (!(key in runs)) { order[++keys] = key; low[key] = high[key] = $6 }
        runs[key]++
        for (i = 6; i <= 12; i++) if ($i != "-") { sum[key, i] += $i; count[key, i]++ }
        if ($6 + 0 < low[key] + 0) low[key] = $6
        if ($6 + 0 > high[key] + 0) high[key] = $6
    }
    END {
        for (k = 1; k <= keys; k++) {
            key = order[k]
            split(key, part, "\t")
            spread = runs[key] > 1 ? sprintf(" (%.4g to %.4g)", low[key], high[key]) : ""
            printf "| %s | %s | %d000 | %d | %s%s | %s | %s | %s | %s | %s | %s |\n",
                label(part[1], part[2]), part[2] + 0 ? part[2] : "", part[3], runs[key],
                mean(key, 6), spread, mean(key, 7), mean(key, 8), mean(key, 9),
                mean(key, 10), mean(key, 11), mean(key, 12)
        }
    }' .fields
}
table >table.md

plot() { # FILE TITLE ACROSS UP LOG: draws lines on standard input
    awk -v title="$2" -v across="$3" -v up="$4" -v log_x="$5" -f "$here/plot.awk" >"$1"
}

# FD against the images that a run has seen, of seed 0 where there are points, and
# an arrow to where the first clustered run is as near as the unconditional one
# at its end, on a straight line between two points.
awk -F '\t' -v OFS='\t' "$label"'
    $5 == 0 { key = label($3, $4) ($4 + 0 && $3 != "labels" ? ", C = " $4 : "")
        of[key] = of[key] key OFS $2 OFS $6 "\n"; n[key]++
        if (n[key] == 1) order[++keys] = key }
    $5 == 0 && $3 == "none" { end_x = $2; end_y = $6 }
    $5 == 0 && ($3 == "kmeans" || $3 == "temi") { x[key, n[key]] = $2; y[key, n[key]] = $6 }
    function reach(key,    i, part) {
        for (i = 2; i <= n[key]; i++) if (y[key, i] <= end_y && y[key, i - 1] > end_y) {
            part = (y[key, i - 1] - end_y) / (y[key, i - 1] - y[key, i])
            return x[key, i - 1] + part * (x[key, i] - x[key, i - 1])
        }
        return end_x
    }
    END {
        first = end_x
        for (i = 1; i <= keys; i++) if (n[order[i]] > 1) {
            printf "%s", of[order[i]]
            at = reach(order[i])
            if (at < first) first = at
        }
        if (first < end_x) {
            arrow = sprintf(">%.1f times", end_x / first)
            print arrow, end_x, end_y; print arrow, first, end_y
        }
    }' .fields |
    plot figure-2.svg 'FD against images seen' 'thousand images seen' FD 0

# Against C: clustered methods as curves, the others as levels.
against_clusters() { # COLUMN
    at_compared "$1" | awk -F '\t' -v OFS='\t' "$label"'
        $1 ~ /^twin-/ { next }
        $1 == "none" || $1 == "labels" { print "-" label($1), 1, $3; next }
        { print label($1), $2, $3, $4, $5 }'
}
against_clusters 6 | plot figure-3.svg 'FD against the number of clusters' 'clusters' FD 1
against_clusters 10 | plot figure-3-r.svg 'share of clusters that are used' 'clusters' r_C 1
against_clusters 12 | plot figure-4.svg 'agreement with the labels' 'clusters' AMI 1
against_clusters 7 | plot figure-5-ufid.svg 'distance from unconditional samples' 'clusters' uFID 1
against_clusters 8 | plot figure-5-auroc.svg \
    'real against generated: 0.5 is no difference' 'clusters' AUROC 1
rm .fields
