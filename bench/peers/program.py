# SPDX-License-Identifier: MIT
#
# program.py - programs that take turns: how they are started and asked, what
# they get to compute, and how their results are compared.

import array
import json
import math
import os
import random
import select
import subprocess
import tempfile
import time


class Skipped(Exception):
    """Why a peer has no number."""


class Program:
    """A program that answers lines with lines of JSON."""

    def __init__(self, command, environment=None, patience=120,
                 end=math.inf):
        self.patience, self.end = patience, end
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, env={**os.environ, **(environment or {})})
        self.pending = b""
        try:
            self.first = self.answer()
        except Skipped:
            self.close()
            raise

    def answer(self):
        deadline = min(time.monotonic() + self.patience, self.end)
        while True:
            line, newline, rest = self.pending.partition(b"\n")
            if newline:
                self.pending = rest
                if line.startswith(b"{"):  # some libraries print, too
                    return json.loads(line)
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [],
                                              left)[0]:
                raise Skipped("no time left" if time.monotonic() >= self.end
                              else f"no answer in {self.patience} s")
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Skipped(self.last_words())
            self.pending += data

    def last_words(self):
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").split("\n")
        lines = [line.strip() for line in lines if line.strip()]
        return (lines or ["ended without a word"])[-1][:100]

    def ask(self, *words):
        try:
            self.process.stdin.write(
                (" ".join(map(str, words)) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Skipped(self.last_words()) from None
        return self.answer()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()


class Ratios:
    """Lines of a table of ratios, whose words and wanted values are listed."""

    def __init__(self):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                            "ratios.txt")
        with open(path, encoding="utf-8") as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
        self.rows = {label: (text, wanted) for label, text, wanted in rows}

    @staticmethod
    def _line(label, text, value, wanted):
        return f"{label:4} {text:62} {value:>12} {wanted:>8}"

    def heading(self):
        return self._line("", "ratio", "here", "wanted")

    def line(self, label, value, batch):
        text, wanted = self.rows[label]
        here = "not measured" if math.isnan(value) else f"{value:.3f}"
        return self._line(label, text.replace("BATCH", str(batch)), here,
                          wanted)


def read_config(folder):
    """The network's configuration, of its checkpoint."""
    with open(folder + "/checkpoint.safetensors", "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        metadata = json.loads(file.read(length))["__metadata__"]
    return json.loads(metadata["cedm.config"])


def write_inputs(folder, config, count=4):
    """Noisy images at four noise levels, of several clusters."""
    generator = random.Random(1)
    sigma = [(0.3, 1.0, 5.0, 40.0)[i % 4] for i in range(count)]
    size = config["img_channels"] * config["img_resolution"] ** 2
    x = [generator.gauss(0, math.sqrt(s * s + 0.25))
         for s in sigma for _ in range(size)]
    labels = [float(c == (7 + 31 * i) % config["label_dim"])
              for i in range(count) for c in range(config["label_dim"])]
    for name, values in (("x", x), ("sigma", sigma), ("labels", labels)):
        with open(f"{folder}/{name}.f32", "wb") as file:
            array.array("f", values).tofile(file)
    write_shapes(folder, x=(config["img_channels"],
                            config["img_resolution"],
                            config["img_resolution"]),
                 sigma=(1,), labels=(config["label_dim"],))


def write_shapes(folder, **shapes):
    """Which inputs lie there, in the order in which a network takes them."""
    with open(folder + "/inputs.json", "w", encoding="utf-8") as file:
        json.dump(shapes, file)


def floats(path):
    values = array.array("f")
    with open(path, "rb") as file:
        values.frombytes(file.read())
    return values


def relative_rms(wanted, got):
    """Of two files of floats."""
    a, b = floats(wanted), floats(got)
    if len(a) != len(b):
        raise Skipped(f"{len(b)} values instead of {len(a)}")
    return math.sqrt(sum((x - y) ** 2 for x, y in zip(a, b))
                     / sum(x * x for x in a))
