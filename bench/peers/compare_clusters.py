# SPDX-License-Identifier: MIT
#
# compare_clusters.py - cedm and other programs cluster the same rows in
# turns; one table.  Another result is refused.
"""Usage: compare_clusters.py BUILD RESULT; ROUNDS and THREADS are in the
environment."""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from peers import BUILD, MOST, PEERS, Peer, open_program
from program import Skipped, relative_rms
from turns import ROUNDS, TURN, save, say, say_title, skipped, spread

RESULT = sys.argv[2]
FOLDER = PEERS + "/clusters"
OMP = {"OMP_NUM_THREADS": str(MOST), "OPENBLAS_NUM_THREADS": str(MOST)}
NEIGHBOURS = 50
MEMORY = 200  # megabytes beside the features


def other_places(wanted, got):
    """Share of whole numbers that are not the same."""
    with open(wanted, "rb") as a, open(got, "rb") as b:
        a, b = a.read(), b.read()
    if len(a) != len(b):
        raise Skipped(f"{len(b)} bytes instead of {len(a)}")
    return sum(x != y for x, y in zip(memoryview(a).cast("i"),
                                      memoryview(b).cast("i"))) / (len(a) / 4)


def settings(*words):
    return [(list(words), OMP)]


# What is timed, in what unit; what is compared, how, and what is refused; the
# peers with the ratio that is wanted.  k-means is compared after 20 iterations, of
# which faiss's centres differ by 3e-7 and no label: a row that is as near to two
# centres as rounding can tell would go either way, and after 60 they differ by
# 1.3e-3.
WORK = (
    (("kmeans", 60), "k-means, 100 clusters, an iteration of a whole fit",
     ("kmeans", 20), relative_rms, 1e-3,
     ((Peer("sklearn", "cluster_sklearn.py",
            settings("lloyd") + settings("elkan")), 2.0),
      (Peer("faiss", "cluster_faiss.py", settings()), 1.0))),
    (("knn", NEIGHBOURS), f"{NEIGHBOURS} neighbours of 8192 rows, exact",
     ("knn", NEIGHBOURS), other_places, 1e-3,
     ((Peer("faiss", "cluster_faiss.py", settings()), 1.0),)),
    (("temi", 3), "TEMI, a step of 16 heads, 100 clusters, 1024 pairs",
     ("temi", 3), relative_rms, 1e-3,
     ((Peer("torch", "cluster_torch.py", settings("each")), 2.0),
      (Peer("torch", "cluster_torch.py",
            settings("batched") + settings("batched", "compiled")), 2.0))),
)


def compare_peer(ours, work, peer, wanted, folder):
    command, title, compared, differ, limit, _ = work
    mine, theirs = folder + "/mine", folder + "/theirs"
    peer.choose(FOLDER, MOST, *command, theirs)
    program = peer.start(FOLDER, MOST, peer.best)
    a, b = [], []
    try:
        for of, path in ((ours, mine), (program, theirs)):
            of.ask(*compared, path)
        error = differ(mine, theirs)
        if not error <= limit:
            raise Skipped(f"another result: {error:.2g}")
        for _ in range(ROUNDS):
            for of, to, path in ((ours, a, mine), (program, b, theirs)):
                time.sleep(TURN)
                to.append(of.ask(*command, path)["seconds"][0])
        one, other = statistics.median(a), statistics.median(b)
        say(f"{title[:50]:50} {peer.label(program.first['version'])[:40]:40} "
            f"{one * 1e3:9.1f} {spread(a):6.0%} {other * 1e3:9.1f} "
            f"{spread(b):6.0%} {other / one:6.2f} {wanted:6.1f} {error:8.1e}")
    finally:
        program.close()


def measure_memory(folder):
    """The most that the program of all neighbours had at a time."""
    features = FOLDER + "/features.npy"
    process = subprocess.Popen(
        [BUILD + "/bin/cedm-cluster", "knn", "--features", features,
         "--neighbours", str(NEIGHBOURS), "--threads", str(MOST), "--out",
         folder + "/all.npy"], stdout=subprocess.DEVNULL)
    start = time.monotonic()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise Skipped(f"cedm-cluster ended with {status}")
    beside = (usage.ru_maxrss * 1024 - os.path.getsize(features)) / 1e6
    say(f"all neighbours by cedm-cluster: {time.monotonic() - start:.1f} s, at "
        f"most {beside:.0f} MB beside the features; wanted below {MEMORY}")


def main():
    os.makedirs(FOLDER, exist_ok=True)
    ours = open_program([BUILD + "/bench/clusters", FOLDER, str(MOST)])
    say_title("bench-clusters", ours.first["version"])
    say(f"50,000 rows of 768 features, {MOST} threads")
    say()
    say(f"{'':50} {'peer':40} {'cedm ms':>9} {'spread':>6} {'peer ms':>9} "
        f"{'spread':>6} {'ratio':>6} {'wanted':>6} {'differ':>8}")
    with tempfile.TemporaryDirectory(dir=PEERS) as folder:
        for work in WORK:
            for peer, wanted in work[-1]:
                try:
                    compare_peer(ours, work, peer, wanted, folder)
                except Skipped as why:
                    skipped(f"{work[0][0]}, {peer.name}", why)
        ours.close()
        measure_memory(folder)
    save(RESULT)


main()
