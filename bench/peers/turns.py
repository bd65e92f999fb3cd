# SPDX-License-Identifier: MIT
#
# turns.py - two programs take turns on the same work, and the table of what
# they took, which is printed and kept.

import os
import statistics
import time

from program import Skipped, relative_rms

ROUNDS = int(os.environ.get("ROUNDS", "5"))
TURN = 0.3    # seconds of a turn, and of the pause before it

# ---- the table ------------------------------------------------------------

lines = []


def say(text=""):
    print(text, flush=True)
    lines.append(text)


def head(title, unit):
    say()
    say(title)
    say(f"{'peer':46} {'threads':>7} {'batch':>5} {'cedm ' + unit:>9} "
        f"{'spread':>6} {'peer ' + unit:>9} {'spread':>6} {'ratio':>6}")


def spread(values):
    return (max(values) - min(values)) / statistics.median(values)


def row(name, threads, batch, ours, theirs, faster_is_less=True):
    a, b = statistics.median(ours), statistics.median(theirs)
    ratio = b / a if faster_is_less else a / b
    say(f"{name[:46]:46} {threads:7} {batch:5} {a:9.2f} {spread(ours):6.0%} "
        f"{b:9.2f} {spread(theirs):6.0%} {ratio:6.2f}")


def skipped(name, why):
    say(f"{name[:46]:46} skipped: {why}")


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return os.uname().machine


def say_title(command, version):
    """What is compared, and where; the ratio of every row."""
    say(f"make {command}: cedm and other runtimes in turns, float32, same "
        "weights, same threads")
    say(f"{machine()}, {os.cpu_count()} processors, Linux "
        f"{os.uname().release}; {version}; {ROUNDS} rounds, medians; spread "
        "is (most - least) / median")
    say(f"load before: {os.getloadavg()[0]:.2f}; ratio: how many times "
        "faster cedm is")


def save(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    os.replace(path + ".tmp", path)


# ---- turns ------------------------------------------------------------------

def difference(mine, peer, batch, work, limit):
    """Relative RMS of two results; refused above a limit."""
    mine.ask("check", batch, work + "/mine")
    peer.ask("check", batch, work + "/peer")
    error = relative_rms(work + "/mine", work + "/peer")
    if not error <= limit:
        raise Skipped(f"another result: relative RMS {error:.2g}")
    return error


def count_of(program, batch):
    """Evaluations that fill a turn."""
    one = program.ask("time", batch, 2)["seconds"][1]
    return max(1, round(TURN / one))


def turn(program, batch, count):
    """After a pause: threads of who came before may spin for a while."""
    time.sleep(TURN)
    return statistics.median(program.ask("time", batch, count)["seconds"])


def in_turns(one, other, batch):
    """Milliseconds of an evaluation by two programs, of every round."""
    counts = count_of(one, batch), count_of(other, batch)
    a, b = [], []
    for _ in range(ROUNDS):
        a.append(turn(one, batch, counts[0]) * 1e3)
        b.append(turn(other, batch, counts[1]) * 1e3)
    return a, b
