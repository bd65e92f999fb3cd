# SPDX-License-Identifier: MIT
#
# compare_train.py - training by cedm and by PyTorch on one GPU: what an
# update and its optimiser take beside the device's peaks, whether two runs
# have the same bits, and updates in turns with each way of PyTorch.
"""Usage: compare_train.py GPU_TRAIN FOLDER RESULT PYTHON

GPU_TRAIN is bench/gpu/train.c, FOLDER has the checkpoint; what is found is
added to RESULT.  In the environment: BATCH, UPDATES of a window, ROUNDS,
SECONDS of everything, and DEVICE of PyTorch."""

import math
import os
import statistics
import sys
import time

from program import Program, Ratios, Skipped

HERE = os.path.dirname(os.path.abspath(__file__))
GPU_TRAIN, FOLDER, RESULT, PYTHON = sys.argv[1:5]
BATCH = int(os.environ.get("BATCH", "512"))
UPDATES = int(os.environ.get("UPDATES", "16"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
END = time.monotonic() + float(os.environ.get("SECONDS", "1500"))
DEVICE = os.environ.get("DEVICE", "cuda")
PATIENCE = 560  # seconds for one answer: torch.compile
WARM = 24  # updates; fp16 finds its loss scale in the first of them
PEAKS = {"NVIDIA H100 80GB HBM3": 989.5, "NVIDIA H200": 989.5}
OPTIMISER_BYTES = 38  # of a parameter, at least, with 16-bit weights: T4

lines = []


def say(text=""):
    print(text, flush=True)
    lines.append(text)


def open_ours(precision):
    return Program([GPU_TRAIN, FOLDER, precision, str(BATCH)], None, PATIENCE,
                   END)


def updates(program, count):
    return program.ask("train", BATCH, count)["seconds"]


# ---- cedm alone -----------------------------------------------------------

def bits_of(program):
    """A checksum of parameters and moments after the first updates."""
    answer = program.ask("bits", BATCH, WARM)
    if answer["updates"] == 0:
        raise Skipped(f"none of {WARM} updates had a finite gradient")
    return answer["bits"]


def measure(precision):
    """What the ratios are made of; of two processes, for the bits."""
    first = open_ours(precision)
    try:
        bits = bits_of(first)
    finally:
        first.close()
    ours = open_ours(precision)
    try:
        about = ours.first
        same = bits_of(ours) == bits
        step = statistics.median(updates(ours, UPDATES)
                                 for _ in range(ROUNDS))
        optimiser = statistics.median(
            ours.ask("optimiser", BATCH, 9)["seconds"])
    finally:
        ours.close()
    rate = 6 * about["macs"] * BATCH / step * 1e-12
    peak = PEAKS.get(about["device"], math.nan)
    least = (OPTIMISER_BYTES * about["parameters"] / about["memory_peak"]
             if about["memory_peak"] else math.nan)
    say(f"{about['version']:34} {about['at_a_time']:9} {step * 1e3:9.2f} "
        f"{BATCH / step:9.1f} {rate:8.1f} {rate / peak:6.3f} "
        f"{optimiser * 1e3:9.3f} {optimiser / least:6.2f} "
        f"{'same' if same else 'OTHER':>5} "
        f"{about['device_bytes'] / 2 ** 30:6.1f}")
    return {"device": about["device"], "peak": about["memory_peak"],
            "mfu": rate / peak, "optimiser": optimiser / least, "same": same}


def measure_all():
    say()
    say(f"Training {os.path.basename(FOLDER)}, batch {BATCH}, no "
        "augmentation, no dropout; draws on the host included")
    say(f"medians of {ROUNDS} windows of {UPDATES} updates; TFLOP/s counts 6 "
        "for a nominal multiply-add")
    say("optimiser: Adam, average, packed weights, launch and wait; ratio: "
        f"over {OPTIMISER_BYTES} bytes a parameter at the peak of memory")
    say(f"{'':34} {'at a time':>9} {'ms':>9} {'img/s':>9} {'TFLOP/s':>8} "
        f"{'MFU':>6} {'optim. ms':>9} {'ratio':>6} {'bits':>5} {'GiB':>6}")
    found = {}
    for precision in ("fp16", "bf16", "fp32"):
        try:
            found[precision] = measure(precision)
        except Skipped as why:
            say(f"{precision:34} skipped: {why}")
    for one in list(found.values())[:1]:
        say(f"{one['device']}: memory {one['peak'] * 1e-12:.3f} TB/s by its "
            "attributes; arithmetic "
            f"{PEAKS.get(one['device'], math.nan):.1f} TFLOP/s (nominal)")
    return found


# ---- in turns -------------------------------------------------------------

def in_turns(mode, count):
    """How many times faster cedm is in fp16; windows of `count` updates."""
    theirs = Program([PYTHON, HERE + "/torch_train_gpu.py", FOLDER, mode,
                      DEVICE], None, PATIENCE, END)
    ours = None
    try:
        updates(theirs, 1)  # finds its micro-batch before ours takes memory
        ours = open_ours("fp16")
        ours.ask("bits", BATCH, WARM)
        a, b = [], []
        for _ in range(ROUNDS):
            a.append(updates(ours, count))
            b.append(updates(theirs, count))
        mine, peer = statistics.median(a), statistics.median(b)
        say(f"{theirs.first['version']:34} {mine * 1e3:9.2f} "
            f"{peer * 1e3:9.2f} {(max(b) - min(b)) / peer:6.0%} "
            f"{peer / mine:6.2f}")
        return peer / mine
    finally:
        theirs.close()
        if ours:
            ours.close()


def compare():
    say()
    say(f"Updates in turns, medians of {ROUNDS}; ratio: how many times faster "
        "cedm is in fp16")
    say(f"{'peer':34} {'cedm ms':>9} {'peer ms':>9} {'spread':>6} "
        f"{'ratio':>6}")
    ratios = {}
    for mode, count in (("amp", UPDATES), ("shipped", max(UPDATES // 4, 1))):
        try:
            ratios[mode] = in_turns(mode, count)
        except Skipped as why:
            say(f"{mode:34} skipped: {why}")
    return ratios


# ---- the ratios -----------------------------------------------------------

def print_ratios(found, ratios):
    fp16 = found.get("fp16", {})

    listed = Ratios()

    def line(label, value):
        say(listed.line(label, value, BATCH))
    say()
    say(listed.heading())
    line("T1", fp16.get("mfu", math.nan))
    line("T2", ratios.get("shipped", math.nan))
    line("T3", ratios.get("amp", math.nan))
    line("T4", fp16.get("optimiser", math.nan))
    same = "not measured" if not found else ", ".join(
        f"{name} {'same' if one['same'] else 'OTHER'}"
        for name, one in found.items())
    say(f"T5   bits of two runs of a seed: {same}; wanted: the same")


def main():
    found = measure_all()
    print_ratios(found, compare() if found else {})
    with open(RESULT, "a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    if not all(one["same"] for one in found.values()):
        sys.exit("compare_train.py: two runs of a seed have other bits")


main()
