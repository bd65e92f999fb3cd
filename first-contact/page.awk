# SPDX-License-Identifier: MIT
#
# page.awk - the page that a person reads, of what steps left behind: their
# lines and those of tests (step.bash), rows of bench/gpu/net.c, names with
# numbers, lines of bench/peers/compare_gpu.py, and lines on the machine.

BEGIN {
    FS = "\t"
    peak = 989.5 # TFLOP/s of an H100 SXM or H200, dense, in 16 bits
    network = "cifar10-c100"
    first = 66 # batch of the table
}
function file_is(name) { return FILENAME ~ ("/" name "[.]txt$") }

# ---- what was left behind ---------------------------------------------------

file_is("steps") {
    steps++
    verdict[steps] = $1
    taken[steps] = $2
    step[steps] = $3
    said[steps] = $4
    is[$1]++
}
file_is("cases") {
    tests++
    if ($1 != "ok" && $1 != "skipped") {
        bad++
        if (bad <= 60) bad_line[bad] = sprintf("| %s | %s | %s | %s |", $1, $2, $4, $5)
    }
}
file_is("layers") && !/^#/ && split($0, word, / *, */) == 9 {
    key = word[1] "," word[2] "," word[3] "," word[4]
    calls[key] = word[5]
    ms[key] = word[6]
    rate[key] = word[7]
    blas[key] = word[8]
    over[key] = word[9]
    if (rows == 0) first = word[3]
    if (word[1] == network && word[2] == "fp16" && word[3] == first) row[++rows] = word[4]
}
file_is("numbers") && !($1 in number && number[$1] > $2 + 0) { number[$1] = $2 + 0 }
file_is("peers") && /^G(2|5|6|7|10) .*[0-9] +[<>]= / {
    split($0, word, / +/)
    value = $0
    sub(/ +[<>]= [0-9.]+ *$/, "", value)
    sub(/^.* /, "", value)
    peer[word[1]] = value
}
file_is("machine") { machine[++machines] = $0 }

# ---- the page ---------------------------------------------------------------

function of(label, precision, batch, what) {
    return label "," precision "," batch "," what
}
function ratio(name, text, value, wanted, least) {
    if (name in peer) value = peer[name]
    if (value == "" || value == "-") {
        printf "| %s | %s | not measured | %s | |\n", name, text, wanted
    } else {
        printf "| %s | %s | %.3f | %s | %s |\n", name, text, value, wanted, \
            (least ? value >= bound(wanted) : value <= bound(wanted)) ? "yes" : "no"
    }
}
function bound(wanted) {
    sub(/^[^0-9]*/, "", wanted)
    return wanted + 0
}
function divided(a, b) { return a == "" || b + 0 == 0 ? "" : a / b }

function print_ratios(   layer, all) {
    layer = "3x3 256+0 to 256 @32"
    all = "all over cuBLAS"
    print "\n## Ratios\n\n| | ratio | here | wanted | met |\n|---|---|---|---|---|"
    ratio("G1", layer ", batch " first ": cuBLAS's time over ours", over[of(network, "fp16", first, layer)], ">= 0.90", 1)
    ratio("G2", "the same: cuDNN's time over ours", "", ">= 1.0", 1)
    ratio("G3", "evaluation: our time over cuBLAS's of its products", over[of(network, "fp16", first, all)], "<= 1.20", 0)
    ratio("G4", "whole sampler, batch " first ": part of the peak", divided(rate[of(network, "fp16", first, "all")], peak), ">= 0.55", 1)
    ratio("G4", "whole sampler, batch 264: part of the peak", divided(rate[of(network, "fp16", 264, "all")], peak), ">= 0.55", 1)
    ratio("G5", "images/s over PyTorch float32 with waits", "", ">= 4", 1)
    ratio("G6", "images/s over PyTorch fp16, channels_last", "", ">= 1.8", 1)
    ratio("G7", "images/s over torch.compile, max-autotune", "", ">= 1.3", 1)
    ratio("G8", "images/s over TensorRT", "", ">= 1.1", 1)
    ratio("G9", "images/s over ggml", "", ">= 4", 1)
    ratio("G10", "batch 1: torch.compile's time over ours", "", ">= 1.5", 1)
    ratio("G11", "FFHQ-64, batch " first ": part of the peak", divided(rate[of("ffhq64", "fp16", first, "all")], peak), ">= 0.55", 1)
    ratio("G12", "device allocations after opening", number["allocations"], "<= 0", 0)
    ratio("T1", "update, batch 512, fp16: part of the peak", number["T1"], ">= 0.40", 1)
    ratio("T4", "optimiser's time over 38 B a parameter at the memory's peak", number["T4"], "<= 1.25", 0)
    ratio("T5", "two runs of a seed with other bits", number["T5"], "<= 0", 0)
    print "\nThe peak is " peak " TFLOP/s, nominal, of an H100 SXM or H200."
}
function print_layers(   i, k) {
    print "\n## Layers: " network ", fp16, batch " first "\n"
    print "| what | calls | ms | TFLOP/s | cuBLAS ms | ratio | ms by 8.0 | ms without statistics |"
    print "|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= rows; i++) {
        k = of(network, "fp16", first, row[i])
        printf "| %s | %s | %s | %s | %s | %s | %s | %s |\n", row[i], calls[k], ms[k], \
            rate[k], blas[k], over[k], ms[of(network "/8.0", "fp16", first, row[i])], \
            ms[of(network "/no-statistics", "fp16", first, row[i])]
    }
}
END {
    print "# First contact\n"
    for (i = 1; i <= machines; i++) print "- " machine[i]
    printf "\n**%d steps passed, %d failed, %d hung, %d skipped;", is["ok"], \
        is["FAILED"], is["hung"], is["skipped"]
    printf " %d of %d tests of kernels failed.**\n", bad, tests
    for (i = 1; i <= steps && !(verdict[i] ~ /FAILED|hung/); i++) { }
    print ""
    if (i > steps) print "Nothing failed."
    else print "First to fail: " step[i] ": " said[i]
    print "\n## Steps\n\n| | s | step | |\n|---|---|---|---|"
    for (i = 1; i <= steps; i++) {
        gsub(/\|/, "/", said[i])
        printf "| %s | %s | %s | %s |\n", verdict[i], taken[i], step[i], said[i]
    }
    if (bad > 0) {
        print "\n## Tests of kernels that failed\n\nOff by: 1 is all that is allowed.\n"
        print "| | off by | test | |\n|---|---|---|---|"
        for (i = 1; i <= bad && i <= 60; i++) print bad_line[i]
        if (bad > 60) print "\n" bad - 60 " more are in cases.txt."
    }
    print_ratios()
    print_layers()
}
