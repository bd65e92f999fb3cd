# SPDX-License-Identifier: MIT
"""What Python costs over cedm-gen for 64 images, as whole processes, in turns.

    PYTHONPATH=... python3 bench/python_overhead.py CEDM-GEN [TURNS]

Prints the medians of elapsed and of processors' time.  Beyond 2 % of the second, which
a busy machine changes less, the exit code is 1.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

DRAW = """import cedm
with cedm.load() as model, open({out!r}, "wb") as file:
    file.write(model.sample(cluster=5, n=64))
"""


def took(command):
    """Elapsed and processors' seconds of a process."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    elapsed, after = time.perf_counter() - start, os.times()
    return elapsed, (after.children_user + after.children_system
                     - before.children_user - before.children_system)


def main():
    gen, turns = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory() as work:
        gen_out, python_out = os.path.join(work, "gen.raw"), os.path.join(work, "python.raw")
        commands = {
            "cedm-gen": [gen, "--cluster", "5", "--n", "64", "--format", "raw", "--force",
                         "--out", gen_out],
            "Python": [sys.executable, "-c", DRAW.format(out=python_out)],
        }
        times = {name: [] for name in commands}
        for _ in range(turns):
            for name, command in commands.items():
                times[name].append(took(command))
        with open(gen_out, "rb") as a, open(python_out, "rb") as b:
            assert a.read() == b.read(), "they draw different images"
    medians = {}
    for name, pairs in times.items():
        medians[name] = [statistics.median(column) for column in zip(*pairs)]
        print(f"{name:8} {medians[name][0]:.3f} s, {medians[name][1]:.3f} s of processors")
    ratios = [python / gen for gen, python in zip(*medians.values())]
    print(f"overhead {100 * (ratios[0] - 1):+.1f} %, {100 * (ratios[1] - 1):+.1f} %")
    return ratios[1] > 1.02


sys.exit(main())
