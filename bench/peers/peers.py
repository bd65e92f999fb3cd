# SPDX-License-Identifier: MIT
#
# peers.py - the peers of a comparison on the CPU: which program each is, in
# which settings it is tried, and how the fastest is found.

import glob
import os
import sys
import time

from program import Program, Skipped

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(sys.argv[1])
PEERS = BUILD + "/peers"
MOST = int(os.environ.get("THREADS", str(os.cpu_count())))
THREADS = sorted({1, MOST})
PATIENCE = 120  # seconds for one answer
END = time.monotonic() + 2700  # of everything


def open_program(command, environment=None):
    return Program(command, environment, PATIENCE, END)


DEBIAN = "/usr/bin/python3"
PASSIVE = {"OMP_WAIT_POLICY": "passive"}


def openblas():
    """The environment in which Debian's PyTorch finds OpenBLAS: it takes
    whatever provides libblas.so.3."""
    found = glob.glob("/usr/lib/*/openblas-pthread/libblas.so.3")
    if not found:
        raise Skipped("no OpenBLAS; apt-get install libopenblas0-pthread")
    return {"LD_LIBRARY_PATH": os.path.dirname(found[0]), **PASSIVE}


class Peer:
    """How to start a program: settings are words and environments to try."""

    def __init__(self, name, program, settings, python=None):
        self.name, self.program, self.settings = name, program, settings
        self.python = python or f"{PEERS}/{name}/bin/python"
        self.best = None

    def start(self, folder, threads, setting):
        reason = f"{PEERS}/{self.name}.reason"
        if os.path.exists(reason):
            with open(reason, encoding="utf-8") as file:
                raise Skipped(file.read().strip())
        if not os.path.exists(self.python):
            raise Skipped("not installed")
        words, environment = setting
        if callable(environment):
            environment = environment()
        return open_program([self.python, f"{HERE}/{self.program}", folder,
                        str(threads), *words],
                       {"TORCHINDUCTOR_CACHE_DIR": PEERS + "/inductor",
                        **environment})

    def choose(self, folder, threads, *command):
        """The fastest setting for a command, measured once each."""
        if len(self.settings) == 1:
            self.best = self.settings[0]
            return
        times, error = [], None
        for setting in self.settings:
            program = None
            try:
                program = self.start(folder, threads, setting)
                program.ask(*command)
                times.append((min(program.ask(*command)["seconds"]), setting))
            except Skipped as why:
                error = why
            finally:
                if program:
                    program.close()
        if not times:
            raise error
        self.best = min(times, key=lambda pair: pair[0])[1]

    def label(self, version):
        words, environment = self.best
        text = " ".join([version, *words])
        return text + (", threads sleep" if environment is PASSIVE else "")


def debian_blas(threads):
    return lambda: {**openblas(), "OPENBLAS_NUM_THREADS": str(threads)}


def torch_peers(program, ways=(("nchw", "nhwc", "compiled"),)):
    """Current PyTorch in every one of some ways, each the best of its
    layouts, and 1.13.  Current PyTorch compiles; what 1.13 has for that, and
    current ones no longer maintain, is `blocked`."""
    new = [[([layout], wait) for layout in way for wait in ({}, PASSIVE)]
           for way in ways]
    layouts = ["nchw", "nhwc"]
    if program == "torch_peer.py":
        layouts.append("blocked")
    old = [([layout], debian_blas(threads)) for layout in layouts
           for threads in THREADS]
    return [Peer("torch", program, settings) for settings in new
            ] + [Peer("debian-torch", program, old, DEBIAN)]


def inference_peers():
    """PyTorch as it is used first and compiled: two peers."""
    waits = {"ncnn": [([], {}), ([], PASSIVE)]}  # the one with OpenMP
    return [Peer(name, f"{name}_peer.py", waits.get(name, [([], {})]))
            for name in ("onnxruntime", "openvino", "ncnn", "mnn")
            ] + torch_peers("torch_peer.py", (("nchw", "nhwc"),
                                              ("compiled",)))
