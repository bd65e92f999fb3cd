# SPDX-License-Identifier: MIT
#
# C5: what a run says and keeps on the way.
. "$here/train.bash"
slow() { exec "$bin/cedm-train" --data images.idx "${small[@]/#0.004/50}" --duration 1 "$@"; }
(slow --out run --save 0.002) >/dev/null 2>said.stop &
pid=$!
for _ in $(seq 200); do ls run/state-* >/dev/null 2>&1 && break; sleep 0.05; done
row 'a state long before the first tick' 'state-*.safetensors' "$(ls run | grep state | head -n 1)"
kill -TERM $pid
wait $pid
row 'SIGTERM says what is saved' 'stopped; saved run/state-*.safetensors' \
    "$(grep stopped said.stop)"
row 'and how to go on' 'go on with: cedm-train --resume --out run' "$(tail -n 1 said.stop)"
row 'the end says what is next' '0 done; next: cedm-freeze end/snapshot-000000008.safetensors*' \
    "$(last train --out end)"
