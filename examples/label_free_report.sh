#!/bin/bash
# SPDX-License-Identifier: MIT
#
# label_free_report.sh - what label_free.sh has made, in its folder, as one page
# report.html with its pictures inside.
set -euo pipefail

picture() { # FILE.png WHAT
    printf '<figure><img alt="%s" src="data:image/png;base64,' "$2"
    base64 -w 0 "$1"
    printf '"><figcaption>%s</figcaption></figure>\n' "$2"
}

drawing() { # FILE.svg WHAT
    printf '<figure>'
    sed '/^<?xml/d; /^<!DOCTYPE/d' "$1"
    printf '<figcaption>%s</figcaption></figure>\n' "$2"
}

newest_grid() { find "$1" -name 'grid-*.png' | sort | tail -n 1; }

distances() {
    echo '<table><tr><th>network</th><th>Frechet distance</th></tr>'
    awk '{ printf "<tr><td>%s</td><td>%.4g</td></tr>\n", $1, $2 }' fd.txt
    echo '</table>'
}

page() {
    cat <<'END'
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Clusters without labels</title>
<style>
body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em }
figure { display: inline-block; margin: 0 2em 1em 0; vertical-align: top }
img { image-rendering: pixelated; max-width: 100% }
table { border-collapse: collapse }
td, th { border-bottom: 1px solid #ccc; padding: .2em 1em; text-align: left }
</style></head><body>
<h1>Clusters without labels</h1>
<h2>Clusters, and what is drawn of each</h2>
<p>A row is a cluster: on the left the images nearest to its middle, on the right samples of
the network that knows it.</p>
END
    picture sheet.png 'images'
    picture drawn.png 'samples'
    cat <<'END'
<h2>Distances</h2>
<p>Of samples from all images, in features of the unconditional network. The clusters come
from the same features: this compares the two networks, not with numbers from elsewhere.</p>
END
    distances
    echo '<h2>How many clusters</h2>'
    drawing bound.svg 'the share of clusters that are used'
    awk -F '[:,]' '/"clusters"/ { print "<p>The clusters taken: " $2 + 0 ".</p>" }' ids.json
    echo '<h2>The networks</h2>'
    for run in unconditional conditional; do
        picture "$run/loss.png" "loss of the $run network"
        picture "$(newest_grid "$run")" "samples while it was trained"
    done
    echo '</body></html>'
}

page >.new-report.html
