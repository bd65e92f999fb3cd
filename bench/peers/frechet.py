# SPDX-License-Identifier: MIT
"""The Frechet distance of two files of statistics, by cedm-eval and by scipy.

    python3 bench/peers/frechet.py build/bin/cedm-eval [FEATURES [TURNS]]

makes random statistics in a temporary folder, 2048 features like those of
Inception, and times whole runs of cedm-eval and the usual formula with
scipy.linalg.sqrtm, in turns.  Prints the distances, the medians, their ratio.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import scipy.linalg


def random_statistics(seed, features):
    """Correlated features, not negative, of twice as many images."""
    rng = np.random.default_rng(seed)
    scales = np.exp(-np.arange(256) / 60)[:, None]
    mixing = rng.standard_normal((256, features)) * scales
    x = rng.standard_normal((2 * features, 256)) @ mixing
    x += 0.3 * rng.standard_normal(x.shape) + 0.05 * seed
    np.maximum(x, 0, out=x)
    return x.mean(0), np.cov(x, rowvar=False)


def by_scipy(a, b):
    root = scipy.linalg.sqrtm(a[1] @ b[1])
    return (np.sum((a[0] - b[0]) ** 2)
            + np.trace(a[1]) + np.trace(b[1]) - 2 * np.trace(root).real)


def by_program(program, paths):
    text = subprocess.run([program, "fd", *paths], check=True,
                          capture_output=True, text=True).stdout
    return float(text.split()[1])


def timed(call, *arguments):
    start = time.perf_counter()
    result = call(*arguments)
    return result, time.perf_counter() - start


def main():
    program = os.path.abspath(sys.argv[1])
    features = int(sys.argv[2]) if len(sys.argv) > 2 else 2048
    turns = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    pair = [random_statistics(seed, features) for seed in (1, 2)]
    seconds = {"cedm-eval": [], "sqrtm": []}
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("a.npz", "b.npz")]
        for path, (mu, sigma) in zip(paths, pair):
            np.savez(path, mu=mu, sigma=sigma)
        for _ in range(turns):
            ours, s = timed(by_program, program, paths)
            seconds["cedm-eval"].append(s)
            theirs, s = timed(by_scipy, *pair)
            seconds["sqrtm"].append(s)
    median = {name: statistics.median(s) for name, s in seconds.items()}
    print(f"cedm-eval {ours} {median['cedm-eval']:.2f} s")
    print(f"sqrtm     {theirs} {median['sqrtm']:.2f} s")
    print(f"ratio     {median['sqrtm'] / median['cedm-eval']:.1f}")


if __name__ == "__main__":
    main()
