# SPDX-License-Identifier: MIT
#
# compare_gpu.py - whole samplings by cedm and by PyTorch on one GPU, in
# turns, and the ratios that this and the table before it come to.
#
# RESULT has the lines of bench/gpu_net; what is found is added to it.  A peer
# is refused if its result is another one.
"""Usage: compare_gpu.py TURN MODEL.so FOLDER RESULT PYTHON

TURN is gpu_turn, FOLDER has the checkpoint.  In the environment: BATCHES,
STEPS, ROUNDS, MODES, SECONDS of everything, and DEVICE of PyTorch."""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

from program import (Program, Ratios, Skipped, floats, read_config,
                      relative_rms, write_inputs)

HERE = os.path.dirname(os.path.abspath(__file__))
TURN, MODEL, FOLDER, RESULT, PYTHON = sys.argv[1:6]
BATCHES = [int(n) for n in os.environ.get("BATCHES", "66 1 264").split()]
STEPS = int(os.environ.get("STEPS", "18"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MODES = os.environ.get("MODES", "fp16 compiled shipped fp32 tf32").split()
END = time.monotonic() + float(os.environ.get("SECONDS", "1500"))
DEVICE = os.environ.get("DEVICE", "cuda")
PATIENCE = 560  # seconds for one answer: torch.compile tries kernels
PEAKS = {"H100": 989.5, "H200": 989.5, "A100": 312.0}  # TFLOP/s, dense fp16
# Largest relative RMS between a peer and cedm in fp16.
LIMITS = {"shipped": 2e-2, "fp32": 2e-2, "tf32": 2e-2, "fp16": 3e-2,
          "compiled": 3e-2}

lines = []


def say(text=""):
    print(text, flush=True)
    lines.append(text)


def open_ours(batch):
    return Program([TURN, MODEL, "fp16", str(batch), str(STEPS), FOLDER],
                   None, PATIENCE, END)


# ---- whole samplings ------------------------------------------------------

def check(ours, theirs, batch, limit, work):
    ours.ask("check", batch, work + "/ours")
    theirs.ask("check", batch, work + "/theirs")
    error = relative_rms(work + "/ours", work + "/theirs")
    if not error <= limit:
        raise Skipped(f"another result: relative RMS {error:.2g}")
    return error


def in_turns(mode, batch, work):
    """Images per second of cedm and the peer; medians."""
    ours = open_ours(batch)
    theirs = None
    try:
        theirs = Program([PYTHON, HERE + "/torch_gpu.py", FOLDER, mode,
                          DEVICE], None, PATIENCE, END)
        error = check(ours, theirs, batch, LIMITS[mode], work)
        for program in (ours, theirs):  # warms up
            program.ask("sample", batch, STEPS)
        a, b = [], []
        for _ in range(ROUNDS):
            a += ours.ask("sample", batch, STEPS)["seconds"]
            b += theirs.ask("sample", batch, STEPS)["seconds"]
        mine, peer = statistics.median(a), statistics.median(b)
        spread = (max(b) - min(b)) / peer
        say(f"{theirs.first['version']:34} {batch:5} {batch / mine:10.2f} "
            f"{batch / peer:10.2f} {spread:6.0%} {error:8.1e} "
            f"{peer / mine:6.2f}")
        return peer / mine
    finally:
        ours.close()
        if theirs:
            theirs.close()


def compare(work):
    """Ratios by (mode, batch)."""
    say()
    say(f"Whole samplings of {STEPS} steps in turns, medians of {ROUNDS}; "
        "ratio: how many times faster cedm is in fp16")
    say(f"{'peer':34} {'batch':>5} {'cedm img/s':>10} {'peer img/s':>10} "
        f"{'spread':>6} {'rel. RMS':>8} {'ratio':>6}")
    ratios = {}
    for mode in MODES:
        for batch in BATCHES:
            if mode not in ("fp16", "compiled") and batch != BATCHES[0]:
                continue
            try:
                ratios[mode, batch] = in_turns(mode, batch, work)
            except Skipped as why:
                say(f"{mode:34} {batch:5} skipped: {why}")
    return ratios


# ---- layers ---------------------------------------------------------------

def compare_layers(config, work):
    """Seconds of cuDNN's convolutions by name; says whether latents agree."""
    batch = BATCHES[0]
    try:
        ours = open_ours(batch)
        try:
            ours.ask("latents", batch, work + "/ours")
        finally:
            ours.close()
        done = subprocess.run(
            [PYTHON, HERE + "/torch_layers.py", str(batch),
             str(config["img_channels"]), str(config["img_resolution"]),
             work + "/theirs", DEVICE], capture_output=True, text=True,
            timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise Skipped((done.stderr.strip().split("\n") or [""])[-1])
    except (Skipped, subprocess.TimeoutExpired) as why:
        say(f"layers: skipped: {why}")
        return {}
    a, b = floats(work + "/ours"), floats(work + "/theirs")
    equal = sum(x == y for x, y in zip(a, b))
    say()
    say(f"latents of seeds 0 to {batch - 1}: {equal} of {len(b)} numbers are "
        "those of torch.randn, bit by bit")
    return json.loads(done.stdout)


# ---- the ratios -----------------------------------------------------------

def read_table():
    """Rows of gpu_net by (model, type, batch, what)."""
    rows = {}
    with open(RESULT, encoding="utf-8") as file:
        text = file.read()
    for line in text.split("\n"):
        words = [word.strip() for word in line.split(",")]
        if len(words) == 9 and not line.startswith("#"):
            model, kind, batch, what, calls, ms, rate, cublas, ratio = words
            rows[model, kind, int(batch), what] = {
                "call": float(ms) / int(calls), "rate": float(rate),
                "ratio": math.nan if ratio == "-" else float(ratio)}
    peak = next((value for name, value in PEAKS.items()
                 if f" {name}" in text.replace("NVIDIA-", " ")), math.nan)
    return rows, peak


def print_ratios(ratios, cudnn):
    rows, peak = read_table()
    first = BATCHES[0]
    layer = "3x3 256+0 to 256 @32"

    def row(what, name, model="cifar10-c100", batch=first):
        return rows.get((model, "fp16", batch, what), {}).get(name, math.nan)

    listed = Ratios()

    def line(label, value, batch=first):
        say(listed.line(label, value, batch))
    say()
    say(listed.heading())
    line("G1", row(layer, "ratio"))
    line("G2", cudnn.get(layer, math.nan) * 1e3 / row(layer, "call"))
    line("G3", row("all over cuBLAS", "ratio"))
    for batch in sorted(BATCHES):
        if batch >= 66:
            line("G4", row("all", "rate", batch=batch) / peak, batch)
    line("G5", ratios.get(("shipped", first), math.nan))
    line("G6", ratios.get(("fp16", first), math.nan))
    line("G7", ratios.get(("compiled", first), math.nan))
    line("G8", math.nan)
    line("G9", math.nan)
    line("G10", ratios.get(("compiled", 1), math.nan))
    line("G11", row("all", "rate", model="ffhq64") / peak)
    say("G12  device allocations after opening: make gpu-check counts them; "
        "wanted 0")


def main():
    config = read_config(FOLDER)
    write_inputs(FOLDER, config, max(BATCHES))
    with tempfile.TemporaryDirectory(dir=FOLDER) as work:
        ratios = compare(work)
        cudnn = compare_layers(config, work)
    print_ratios(ratios, cudnn)
    with open(RESULT, "a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


main()
