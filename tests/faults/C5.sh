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
TERM=xterm timeout -s KILL 20 script -qec "timeout -s INT 3 '$bin/cedm-train' --data images.idx \
    --cbase 4 --cres 1 --num-blocks 1 --attn 64 --batch 4 --augment 0 --dropout 0 --tick 5000 \
    --duration 100 --clusters none --threads 1 --out guess" /dev/null </dev/null |
    tr '\r' '\n' >lines
row 'no time left is guessed in the first seconds' '0 guesses, [1-9]* lines' \
    "$(grep -c 'left [0-9]' lines) guesses, $(grep -c 'img/s' lines) lines"
