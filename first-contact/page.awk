# SPDX-License-Identifier: MIT
#
# page.awk - the page that a person reads, of bench/peers/ratios.txt and what
# steps left behind: their lines and those of tests (step.bash), rows of
# bench/gpu/net.c, names with numbers, lines of bench/peers/compare_gpu.py, and
# lines on the machine.

BEGIN {
    FS = "\t"
    peak = 989.5 # TFLOP/s of an H100 SXM or H200, dense, in 16 bits
    network = "cifar10-c100"
    first = 66 # batch of the table
}
function file_is(name) { return FILENAME ~ ("/" name "[.]txt$") }

# ---- what was left behind ---------------------------------------------------

file_is("ratios") {
    words[$1] = $2
    wanted[$1] = $3
}
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
function ratio(name, value, batch,   text, met) {
    text = words[name]
    sub(/BATCH/, batch, text)
    if (name in peer) value = peer[name]
    if (value == "" || value == "-") {
        printf "| %s | %s | not measured | %s | |\n", name, text, wanted[name]
    } else {
        value += 0 # of a line it is text
        met = wanted[name] ~ /^>/ ? value >= bound(wanted[name]) : value <= bound(wanted[name])
        printf "| %s | %s | %.3f | %s | %s |\n", name, text, value, wanted[name], met ? "yes" : "no"
    }
}
function bound(wanted) {
    sub(/^[^0-9]*/, "", wanted)
    return wanted + 0
}
function divided(a, b) { return a == "" || b + 0 == 0 ? "" : a / b }

function print_ratios(   layer, all, i) {
    layer = "3x3 256+0 to 256 @32"
    all = "all over cuBLAS"
    print "\n## Ratios\n\n| | ratio | here | wanted | met |\n|---|---|---|---|---|"
    ratio("G1", over[of(network, "fp16", first, layer)], first)
    ratio("G2", "")
    ratio("G3", over[of(network, "fp16", first, all)])
    ratio("G4", divided(rate[of(network, "fp16", first, "all")], peak), first)
    ratio("G4", divided(rate[of(network, "fp16", 264, "all")], peak), 264)
    for (i = 5; i <= 10; i++) ratio("G" i, "")
    ratio("G11", divided(rate[of("ffhq64", "fp16", first, "all")], peak), first)
    ratio("G12", number["allocations"])
    ratio("T1", number["T1"], 512)
    ratio("T4", number["T4"])
    ratio("T5", number["T5"])
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
