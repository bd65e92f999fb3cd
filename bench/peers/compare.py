# SPDX-License-Identifier: MIT
#
# compare.py - cedm and other runtimes in turns on the same work; one table.
#
# A peer is a program that answers the commands of peer.py.  It is opened
# once, its answer is compared with cedm's (relative RMS above 1e-3 is
# refused), and then the two evaluate in turns.  Where a peer has several
# layouts, a short round finds the best one, which is then timed.
"""Usage: compare.py BUILD RESULT; ROUNDS and THREADS are in the
environment."""

import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from evaluations import compare_peers, open_ours
from peers import BUILD, MOST, PATIENCE, PEERS, inference_peers, torch_peers
from program import Skipped, read_config, write_inputs
from turns import (ROUNDS, head, in_turns, row, save, say, say_title, skipped,
                   spread)

RESULT = sys.argv[2]
CIFAR = PEERS + "/net/cifar10-c100"
MODEL = "cifar10-c100/cifar10_c100"
DEMO = PEERS + "/net/fashion"
BATCHES = (1, 4)
ALONE = (1, 2, 4, 16)  # the last is cedm-gen's
LIMIT = 1e-3  # relative RMS between two runtimes in float32

# ---- one evaluation -------------------------------------------------------

def ours(batch, threads):
    return open_ours(MODEL, batch, threads, CIFAR)


def compare_evaluations(work):
    head("One evaluation of the CIFAR-10 network (55.7 M parameters, 100 "
         "clusters, 32x32x3)", "ms")
    compare_peers(inference_peers(), CIFAR, MODEL, BATCHES, LIMIT, work)


def efficiency(batch):
    """A row: cedm on one processor and on all."""
    one = ours(batch, 1)
    try:
        most = ours(batch, MOST)
        try:
            a, b = in_turns(one, most, batch)
        finally:
            most.close()
    finally:
        one.close()
    x, y = statistics.median(a), statistics.median(b)
    say(f"{batch:5} {x:9.2f} {spread(a):6.0%} {y:9.2f} {spread(b):6.0%} "
        f"{x / y / MOST:10.3f}")


def compare_threads():
    say()
    say(f"The same evaluation by cedm alone: 1 thread and {MOST}, in turns")
    say(f"{'batch':>5} {'1 ms':>9} {'spread':>6} {f'{MOST} ms':>9} "
        f"{'spread':>6} {'efficiency':>10}")
    for batch in ALONE:
        try:
            efficiency(batch)
        except Skipped as why:
            say(f"{batch:5} skipped: {why}")


# ---- sampling -------------------------------------------------------------

def seconds_of(command):
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def draw(work, *words):
    return seconds_of([BUILD + "/bin/cedm-gen", "--cluster", "5", "--threads",
                       str(MOST), "--out", work + "/x.png", *words])


def whole(peer, words):
    """Seconds of a process that starts, draws once and ends."""
    start = time.monotonic()
    program = peer.start(DEMO, MOST, next(setting for setting in peer.settings
                                          if setting[0] == words))
    try:
        program.ask("sample", 64, 18)
    finally:
        program.close()
    return time.monotonic() - start


def compare_processes(peer, work):
    """What one command costs: importing and loading, too.  Compiling would
    take longer than it saves."""
    times = [(whole(peer, [layout]), [layout]) for layout in ("nchw", "nhwc")]
    words = min(times)[1]
    a, b = [], []
    for _ in range(min(ROUNDS, 3)):
        a.append(draw(work, "--n", "64"))
        b.append(whole(peer, words))
    row(f"process: {peer.name} {words[0]}", MOST, 64, a, b)


def compare_loops(peer, work):
    """PyTorch's loop alone, warm, beside a whole cedm-gen."""
    peer.choose(DEMO, MOST, "sample", 64, 2)
    program = peer.start(DEMO, MOST, peer.best)
    try:
        program.ask("sample", 64, 18)
        a, b = [], []
        for _ in range(min(ROUNDS, 3)):
            a.append(draw(work, "--n", "64"))
            b += program.ask("sample", 64, 18)["seconds"]
        row(peer.label(f"loop: {program.first['version']}"), MOST, 64, a, b)
    finally:
        program.close()


def compare_sampling(work):
    head("64 images of the demo, 18 steps: cedm-gen, a process as it is used, "
         "beside PyTorch's process and its loop alone", "s")
    for peer in torch_peers("torch_peer.py"):
        for compare in (compare_processes, compare_loops):
            try:
                compare(peer, work)
            except Skipped as why:
                skipped(peer.name, why)


# ---- training -------------------------------------------------------------

def write_data(work):
    """Random images: only their number and size matter for speed."""
    generator = random.Random(2)
    with open(work + "/images-idx3-ubyte", "wb") as file:
        file.write(b"".join(v.to_bytes(4, "big")
                            for v in (0x803, 2048, 28, 28)))
        file.write(generator.randbytes(2048 * 784))
    with open(work + "/data_batch_1.bin", "wb") as file:
        for i in range(10000):
            file.write(bytes([i % 10]) + generator.randbytes(3072))
    for name, count, clusters in (("fashion", 2048, 20),
                                  ("cifar", 10000, 100)):
        with open(f"{work}/{name}.txt", "w", encoding="ascii") as file:
            file.writelines(f"{i % clusters}\n" for i in range(count))


def train(work, words, updates):
    """Images per second of cedm-train, the first update not counted; it is
    killed before it draws and saves."""
    out = work + "/run"
    shutil.rmtree(out, ignore_errors=True)
    process = subprocess.Popen(
        [BUILD + "/bin/cedm-train", "--out", out, "--threads", str(MOST),
         "--dropout", "0", "--augment", "0", "--tick", "0.001", "--snap",
         "1000000", *words], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + PATIENCE
        speeds = []
        while len(speeds) <= updates:
            if process.poll() is not None:
                raise Skipped(process.stderr.read().decode()[-100:].strip())
            if time.monotonic() > deadline:
                raise Skipped(f"cedm-train: {len(speeds)} updates in "
                              f"{PATIENCE} s")
            time.sleep(0.05)
            if os.path.exists(out + "/stats.jsonl"):
                with open(out + "/stats.jsonl", encoding="ascii") as file:
                    speeds = [json.loads(line)["images_per_second"]
                              for line in file if line.endswith("\n")]
        return statistics.median(speeds[1:])
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        shutil.rmtree(out, ignore_errors=True)


TRAININGS = (
    ("demo", DEMO, 128, 6,
     ["--preset", "fashion", "--data", "images-idx3-ubyte", "--clusters",
      "fashion.txt", "--batch", "128"]),
    ("CIFAR-10", CIFAR, 8, 1,
     ["--preset", "cifar10", "--data", "data_batch_1.bin", "--clusters",
      "cifar.txt", "--batch", "8"]),
)


def compare_training(work):
    head("Training: EDM's loss, both ways, Adam, moving average; no "
         "augmentation, no dropout", "img/s")
    write_data(work)
    for name, folder, batch, updates, words in TRAININGS:
        words = [work + "/" + word if os.path.exists(work + "/" + word)
                 else word for word in words]
        for peer in torch_peers("torch_train.py"):
            program = None
            try:
                peer.choose(folder, MOST, "time", batch, 1)
                program = peer.start(folder, MOST, peer.best)
                program.ask("time", batch, 1)
                a, b = [], []
                for _ in range(min(ROUNDS, 3)):
                    a.append(train(work, words, updates))
                    answer = program.ask("time", batch, updates)
                    b.append(batch / statistics.median(answer["seconds"]))
                row(f"{name}: {peer.label(program.first['version'])}", MOST,
                    batch, a, b, faster_is_less=False)
            except Skipped as why:
                skipped(f"{name}: {peer.name}", why)
            finally:
                if program:
                    program.close()


# ---- starting -------------------------------------------------------------

def compare_start(work):
    say()
    say("Starting, medians")
    whole = statistics.median(
        draw(work, "--n", "1", "--steps", "1") for _ in range(9))
    say(f"demo: a whole cedm-gen of one image and one step "
        f"{whole * 1e3:.0f} ms; wanted before the first evaluation: 50")
    first = []
    for _ in range(min(ROUNDS, 3)):
        program = ours(1, MOST)
        first.append(program.first)
        program.close()
    load = statistics.median(f["load"] for f in first)
    prepare = statistics.median(f["prepare"] for f in first)
    say(f"CIFAR-10: map and check {load:.2f} s, prepare {prepare:.2f} s, "
        f"together {load + prepare:.2f} s; wanted: 1.5")


def main():
    program = ours(1, 1)
    version = program.first["version"]
    program.close()
    say_title("bench-peers", version)
    with tempfile.TemporaryDirectory(dir=PEERS) as work:
        compare_start(work)
        compare_evaluations(work)
        if MOST > 1:
            compare_threads()
        compare_sampling(work)
        compare_training(work)
    save(RESULT)


for network in (CIFAR, DEMO):
    write_inputs(network, read_config(network), max(ALONE))
main()
