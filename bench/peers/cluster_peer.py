# SPDX-License-Identifier: MIT
#
# cluster_peer.py - what every peer of clustering does: it takes the commands
# of bench/clusters.c from standard input and answers with lines of JSON.

import sys
import time

import numpy

from peer import say


def serve(version, commands):
    """commands: {word: function of a number that gives (seconds, array)}."""
    say(version=version)
    for line in sys.stdin:
        word, number, path = line.split()
        seconds, result = commands[word](int(number))
        result.tofile(path)
        say(seconds=[seconds])


def load(folder, name):
    return numpy.load(f"{folder}/{name}.npy")


def timed(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result
