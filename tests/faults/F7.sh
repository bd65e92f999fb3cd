# SPDX-License-Identifier: MIT
#
# F7: files that shrink, limits on sizes, signals, temporaries of the killed.
freeze="$bin/cedm-freeze $golden/fashion.safetensors --name m"
row 'a write beyond ulimit -f' '1 *big.raw: cannot be written: File too large; raise the limit*' \
    "$(ulimit -f 8 && says "$bin/cedm-gen" --n 64 --steps 1 --format raw --out big.raw)"
row 'the same of cedm-freeze' '1 *File too large; raise the limit on file sizes*' \
    "$(ulimit -f 8 && says $freeze -o f)"
row 'what they leave' none "$(ls -A | grep -vx 'said\|said.out' || echo none)"

"$bin/cedm-freeze" "$golden/fashion.safetensors" -o . --name m --build >/dev/null
"$bin/cedm-gen" --model m.so --n 100000 --isa portable --out x.png >/dev/null 2>said &
pid=$!
sleep 0.5
truncate -s 4096 m.cedm
wait $pid
row 'cedm-gen whose blob shrinks' '1 *cedm-gen: a file that was being read became shorter*' \
    "$? $(head -n 1 said)"
mkdir d
"$bin/cedm-gen" --n 100000 --out d/x.png >/dev/null 2>&1 &
pid=$!
sleep 0.5
kill -KILL $pid
wait $pid 2>/dev/null
left=$(ls -A d)
"$bin/cedm-gen" --n 1 --steps 1 --out d/y.png >/dev/null
row 'after kill -9, and after the next run' '.cedm-tmp-??????, then y.png' \
    "$left, then $(ls -A d)"
# nohup may be above this, and a shell cannot take back what it ignores
perl -e '$SIG{HUP} = "DEFAULT"; exec @ARGV' "$bin/cedm-gen" --n 100000 --out d/x.png \
    >/dev/null 2>&1 &
pid=$!
sleep 0.5
kill -HUP $pid
wait $pid
row 'cedm-gen with SIGHUP' '130, y.png' "$?, $(ls -A d)"
"$bin/cedm-gen" --n 100000 --out d/x.png >/dev/null 2>&1 &
pid=$!
sleep 0.5
"$bin/cedm-gen" --n 1 --steps 1 --out d/y.png >/dev/null
row 'a run beside one that goes on leaves its file' '.cedm-tmp-??????' \
    "$(ls -A d | grep -v y.png)"
kill -INT $pid
wait $pid
mkdir -p k/.m.999999 && touch k/.m.999999/m.c k/.m.cedm.999999.tmp k/.m.h.999999.old k/.n.c.1.tmp
$freeze -o k >/dev/null
row 'cedm-freeze where killed ones left files of m' '.n.c.1.tmp' "$(ls -A k | grep '^\.')"
