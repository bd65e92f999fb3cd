# SPDX-License-Identifier: MIT
#
# plot.awk - curves as SVG.
#
#     awk -v title=T -v across=X -v up=Y -v log_x=1 -f plot.awk
#
# reads lines "SERIES<tab>x<tab>y" and "SERIES<tab>x<tab>y<tab>low<tab>high", a
# spread, and draws a line through the points of each series in their order; a
# series named "-NAME" is a level, drawn across, one named ">TEXT" an arrow from
# its first point to its second, with the text above.
BEGIN {
    FS = "\t"
    width = 640; height = 400; left = 64; right = 150; top = 36; bottom = 52
    split("#0072b2 #d55e00 #009e73 #cc79a7 #56b4e9 #e69f00 #666666", colours, " ")
}
{
    if (!($1 in number)) { number[$1] = ++series; name[series] = $1 }
    n = number[$1]
    i = ++points[n]
    xs[n, i] = $2; ys[n, i] = $3
    low[n, i] = NF > 3 ? $4 : $3; high[n, i] = NF > 4 ? $5 : $3
    if ($1 !~ /^-/) {
        if (!seen++) x_least = x_most = $2
        if ($2 < x_least) x_least = $2
        if ($2 > x_most) x_most = $2
    }
    if (!any++) { y_least = low[n, i]; y_most = high[n, i] }
    if (low[n, i] < y_least) y_least = low[n, i]
    if (high[n, i] > y_most) y_most = high[n, i]
}
function along(x) { return log_x ? log(x) : x }
function px(x) {
    if (x_most == x_least) return (left + width - right) / 2
    return left + (width - left - right) * part(along(x), along(x_least), along(x_most))
}
function part(x, from, to) { return (x - from) / (to - from) }
function py(y) { return height - bottom - (height - top - bottom) * part(y, y_from, y_to) }
# A round step of about a fifth of the range.
function round_step(range,    power, s) {
    power = 10 ^ int(log(range / 5) / log(10) - (range / 5 < 1))
    s = range / 5 / power
    return power * (s < 1.5 ? 1 : s < 3.5 ? 2 : s < 7.5 ? 5 : 10)
}
function text(x, y, anchor, what) {
    gsub(/&/, "\\&amp;", what); gsub(/</, "\\&lt;", what)
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, what
}
function line(x0, y0, x1, y1, style) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x0, y0, x1, y1, style
}
function axes(    step, y, i, n, ticks, x) {
    step = round_step(y_to - y_from)
    for (y = step * int(y_from / step + (y_from > 0)); y <= y_to + step / 1e6; y += step) {
        line(left, py(y), width - right, py(y), "stroke=\"#ddd\"")
        text(left - 6, py(y) + 4, "end", sprintf("%g", y))
    }
    for (n = 1; n <= series; n++) for (i = 1; i <= points[n] && name[n] !~ /^[->]/; i++) {
        x = xs[n, i]
        if (x in ticks) continue
        ticks[x]
        line(px(x), height - bottom, px(x), height - bottom + 4, "stroke=\"#333\"")
        text(px(x), height - bottom + 18, "middle", x)
    }
    line(left, height - bottom, width - right, height - bottom, "stroke=\"#333\"")
    line(left, top, left, height - bottom, "stroke=\"#333\"")
    text((left + width - right) / 2, height - 12, "middle", across)
    text(left, 20, "start", title)
    printf "<text transform=\"translate(14 %.1f) rotate(-90)\" text-anchor=\"middle\">%s</text>\n",
        (top + height - bottom) / 2, up
}
function curve(n, colour,    i) {
    printf "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour
    for (i = 1; i <= points[n]; i++) printf "%.1f,%.1f ", px(xs[n, i]), py(ys[n, i])
    print "\"/>"
    for (i = 1; i <= points[n]; i++) {
        line(px(xs[n, i]), py(low[n, i]), px(xs[n, i]), py(high[n, i]), "stroke=\"" colour "\"")
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", px(xs[n, i]),
            py(ys[n, i]), colour
    }
}
function arrow(n,    x, y, to) {
    x = px(xs[n, 1]); to = px(xs[n, 2]); y = py(ys[n, 1])
    line(x, y, to, y, "stroke=\"#333\" stroke-dasharray=\"2 3\"")
    line(to, y, to + 7, y - 4, "stroke=\"#333\"")
    line(to, y, to + 7, y + 4, "stroke=\"#333\"")
    text((x + to) / 2, y - 6, "middle", substr(name[n], 2))
}
END {
    margin = y_most > y_least ? (y_most - y_least) * 0.06 : (y_most == 0 ? 1 : y_most * 0.1)
    y_from = y_least >= 0 && y_least - margin < 0 ? 0 : y_least - margin
    y_to = y_most + margin
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ", width, height
    print "font-family=\"sans-serif\" font-size=\"12\">"
    print "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    if (any) axes()
    for (n = 1; n <= series; n++) {
        if (name[n] ~ /^>/) { arrow(n); continue }
        colour = colours[(n - 1) % 7 + 1]
        label = name[n]
        if (label ~ /^-/) {
            label = substr(label, 2)
            line(left, py(ys[n, 1]), width - right, py(ys[n, 1]),
                "stroke=\"" colour "\" stroke-dasharray=\"5 4\"")
        } else {
            curve(n, colour)
        }
        line(width - right + 10, top + 18 * n, width - right + 28, top + 18 * n,
            "stroke=\"" colour "\" stroke-width=\"2\"")
        text(width - right + 34, top + 18 * n + 4, "start", label)
    }
    print "</svg>"
}
