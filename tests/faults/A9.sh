# SPDX-License-Identifier: MIT
#
# A9: folders of runs that are somebody's (and F5: two runs at once).
. "$here/train.bash"
mkdir data && cp "$golden/../faults/cases/png_cols.png" data/0.png 2>/dev/null
row 'a run inside the folder of its images' '1 *lies in the folder of images*' \
    "$(last "$bin/cedm-train" --data data "${small[@]}" --out data/run)"
row 'through a link' '1 *lies in the folder of images*' "$(ln -s data link
    last "$bin/cedm-train" --data data "${small[@]}" --out link/run)"
mkdir mine && echo mine >mine/options.json
row "a folder with an options.json of one's own" '1 *mine/options.json: is there already*' \
    "$(last train --out mine)"
row 'which stays' mine "$(cat mine/options.json)"
mkdir begun && echo '{}' >begun/stats.jsonl
row 'a run that has no state yet' '1 *begun/stats.jsonl: is there already*' \
    "$(last train --out begun)"
(exec "$bin/cedm-train" --data images.idx "${small[@]}" --duration 1 --out busy) >/dev/null 2>&1 &
pid=$!
for _ in $(seq 200); do [ -e busy/options.json ] && break; sleep 0.05; done
row 'two runs in one folder' "1 *busy: in use by process $pid on *" "$(last train --out busy)"
kill -9 $pid
wait $pid 2>/dev/null
rm -f busy/state-*
row 'after kill -9 the folder is free' '1 *is there already*' "$(last train --out busy)"
