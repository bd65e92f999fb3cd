# SPDX-License-Identifier: MIT
#
# peer.py - what every peer's program does: it takes commands of compare.py
# from standard input and answers with lines of JSON, so that evaluations of
# two programs can take turns.
#
#     check BATCH FILE   writes the result, float32: D [N][C][H][W], or
#                        features [N][F]
#     time BATCH COUNT   seconds of COUNT evaluations, after one unmeasured
#                        evaluation if the batch is new
#     sample BATCH STEPS seconds of sampling a batch in so many steps
#     train BATCH COUNT  seconds of an update: COUNT of them, then a wait
#
# Inputs lie in the network's folder, for the largest batch: x.f32, and of
# networks that denoise sigma.f32 and labels.f32.

import functools
import json
import sys
import time

import numpy


def read_inputs(folder, batch):
    """Arrays [N, ...] of what inputs.json lists: images, and noise levels
    and one-hot labels if the network denoises."""
    with open(folder + "/inputs.json", encoding="utf-8") as file:
        shapes = json.load(file)

    def read(name, shape):
        values = numpy.fromfile(f"{folder}/{name}.f32", dtype=numpy.float32)
        return numpy.ascontiguousarray(values.reshape(-1, *shape)[:batch])
    return tuple(read(name, shape) for name, shape in shapes.items())


def say(**answer):
    print(json.dumps(answer), flush=True)


def seconds_of(function, count):
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return seconds


def serve(folder, version, prepare=None, prepare_sampling=None,
          prepare_training=None):
    """prepare(batch, inputs) gives a function that evaluates once and
    returns an array; prepare_sampling(batch, steps) one that samples;
    prepare_training(batch) one that makes so many updates and waits."""
    ready = {}

    def evaluation(batch):
        if batch not in ready:
            ready[batch] = prepare(batch, read_inputs(folder, batch))
            ready[batch]()
        return ready[batch]

    say(version=version)
    for line in sys.stdin:
        word, batch, last = line.split()
        batch = int(batch)
        if word == "check":
            result = evaluation(batch)()
            numpy.ascontiguousarray(result, numpy.float32).tofile(last)
            say(done=True)
        elif word == "sample":
            key = (batch, last)
            if key not in ready:
                ready[key] = prepare_sampling(batch, int(last))
            say(seconds=seconds_of(ready[key], 1))
        elif word == "train":
            key, count = ("train", batch), int(last)
            if key not in ready:
                ready[key] = prepare_training(batch)
                ready[key](2)
            whole = seconds_of(functools.partial(ready[key], count), 1)
            say(seconds=whole[0] / count)
        else:
            say(seconds=seconds_of(evaluation(batch), int(last)))
