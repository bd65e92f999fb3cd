# SPDX-License-Identifier: MIT
#
# training.awk - ratios T1, T4 and T5 of what bench/gpu/train.c answered in two
# runs: part of the peak, the optimiser's time over that of its bytes, and
# whether bits differ.

function number(name,   text) {
    text = $0
    return sub(".*\"" name "\": ", "", text) ? text + 0 : 0
}
FNR == 1 { run++ }
/"macs"/ {
    macs = number("macs")
    parameters = number("parameters")
    memory = number("memory_peak")
    known = /H100|H200/
}
/"bits"/ { bits[run] = $2 }
/"seconds": [0-9]/ { seconds = number("seconds") }
/"seconds": \[/ {
    count = split($0, times, /[^0-9.]+/)
    for (i = 1; i <= count; i++) {
        if (times[i] ~ /[.]/) sorted[++n] = times[i] + 0
    }
    for (i = 2; i <= n; i++) {
        for (k = i; k > 1 && sorted[k] < sorted[k - 1]; k--) {
            least = sorted[k]
            sorted[k] = sorted[k - 1]
            sorted[k - 1] = least
        }
    }
    optimiser = sorted[int((n + 1) / 2)]
}
END {
    if (seconds > 0) print "training_images_per_second", batch / seconds
    if (seconds > 0 && known) print "T1", 6 * macs * batch / seconds / 989.5e12
    if (optimiser > 0 && memory > 0) print "T4", optimiser * memory / (38 * parameters)
    if (bits[1] != "" && bits[2] != "") print "T5", bits[1] != bits[2]
}
