#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh - cedm-gen and PyTorch on the same work, in turns: 64 images of
# cluster 5, 18 Heun steps, float32 network, the same number of threads.
#
# The time of cedm-gen is that of the whole process: reading the model,
# preparing weights, sampling, compressing the PNG.  PyTorch's is sampling
# alone, after a warm-up, in the better of its two layouts, with one thread or
# all in each matrix product of OpenBLAS.  Its threads wait without spinning:
# spinning ones of OpenMP and OpenBLAS take the processors from each other.
# ROUNDS (5) and THREADS (all processors) may be set.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
rounds=${ROUNDS:-5}
threads=${THREADS:-$(nproc)}
checkpoint=weights/fashion.safetensors
golden=tests/golden/fashion
python=/usr/bin/python3 # Debian's, which sees python3-torch
peer=bench/peers/torch_cpu.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# PyTorch of Debian calls whatever provides libblas.so.3; the reference
# implementation would make it look bad.
for name in blas lapack; do
    for library in /usr/lib/*/openblas-pthread/lib$name.so.3; do
        [ -f "$library" ] || { echo "run.sh: no OpenBLAS; apt-get install" \
            "libopenblas0-pthread" >&2; exit 1; }
        triple=$(basename "$(dirname "$(dirname "$library")")")
        link=/usr/lib/$triple/lib$name.so.3
        case $(readlink -f "$link") in
        */openblas-pthread/*) continue ;;
        esac
        command="update-alternatives --set lib$name.so.3-$triple $library"
        if [ "$(id -u)" -ne 0 ]; then
            echo "run.sh: lib$name is not OpenBLAS; run: sudo $command" >&2
            exit 1
        fi
        echo "run.sh: $command (--auto lib$name.so.3-$triple undoes it)"
        $command
    done
done

$python $peer $golden.safetensors --golden $golden.golden.safetensors \
    --n 1 --runs 1 --steps 2 --layout nchw >/dev/null

round=0
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    start=$(date +%s%N)
    "$build/bin/cedm-gen" --cluster 5 --n 64 --threads "$threads" \
        --progress none --out "$work/peer.png" >/dev/null
    end=$(date +%s%N)
    echo "cedm-gen $(((end - start) / 1000))" >>"$work/times"
    for blas in 1 "$threads"; do
        OMP_WAIT_POLICY=passive OPENBLAS_NUM_THREADS=$blas \
            $python $peer $checkpoint --n 64 --cluster 5 --steps 18 \
            --threads "$threads" --runs 1 --json >"$work/report"
        $python - "$work/report" "$blas" <<'EOF' >>"$work/times"
import json, sys
for run in json.load(open(sys.argv[1]))["runs"]:
    print("torch-%s-blas%s" % (run["layout"], sys.argv[2]), round(run["best"] * 1e6))
EOF
        [ "$threads" -gt 1 ] || break
    done
    echo "round $round of $rounds: cedm-gen $(((end - start) / 1000000)) ms"
done

echo
grep -m 1 'model name' /proc/cpuinfo | sed 's/.*: //' || true
echo "$("$build/bin/cedm-gen" --version), PyTorch $($python -c \
    'import torch; print(torch.__version__)'), OpenBLAS $(dpkg-query -W \
    -f '${Version}' libopenblas0-pthread), $threads threads, $rounds rounds"
sort -k1,1 -k2,2n "$work/times" | awk '
    { t[$1, ++n[$1]] = $2 / 1e6 }
    function median(name,    k) {
        k = n[name]
        return (t[name, int((k + 1) / 2)] + t[name, int(k / 2) + 1]) / 2
    }
    function row(name) {
        printf "%-26s %8.3f %8.3f\n", name, t[name, 1], median(name)
    }
    END {
        printf "%-26s %8s %8s\n", "64 images, 18 steps", "best s", "median s"
        row("cedm-gen")
        for (name in n) {
            if (name == "cedm-gen") continue
            row(name)
            if (!best || t[name, 1] < best) best = t[name, 1]
            if (!middle || median(name) < middle) middle = median(name)
        }
        printf "%-26s %8.2f %8.2f\n", "fastest torch / cedm-gen",
            best / t["cedm-gen", 1], middle / median("cedm-gen")
    }'
