# SPDX-License-Identifier: MIT
#
# C6: words and numbers of a run.
. "$here/train.bash"
says=$(train --dry-run 2>/dev/null)
row 'one thread' 'processes: 1, 1 thread' "$(grep processes <<<"$says")"
row 'what an image costs' '*G multiply-adds to evaluate an image' "$(grep network <<<"$says")"
row 'what is to be done' 'work: 8 images, 0 images done; * TFLOP in all' "$(grep ^work <<<"$says")"
train --out run 2>said >/dev/null
row 'a small run counts images' 'tick 1  4 images  loss *' "$(head -n 1 said)"
