# SPDX-License-Identifier: MIT
"""Frozen models: loading one, and what it can do."""

from __future__ import annotations

import ctypes
import json
import math
import os
import pathlib
import struct
import threading
import weakref
from ctypes import byref, c_double, c_float, c_int32, c_uint64
from typing import Any, Callable, Iterator, NamedTuple, Sequence, Union

from cedm import _library as c
from cedm import _sampler
from cedm._library import Error, library

Clusters = Union[int, str, None, Sequence[int]]
Seeds = Union[int, Sequence[int]]


def load(path: str | os.PathLike[str] = "fashion", *, isa: str | None = None,
         threads: int | None = None, batch: int = 16) -> Model:
    """Opens a frozen model.

    path     "fashion", the demo model that is part of the package, or M.so or M.cedm,
             which cedm-freeze --build writes side by side.  M.so is code that is run:
             open only models whose origin you trust.
    isa      "portable", or names with commas: avx2, avx512, neon, avx512bf16; the best
             of those that the processor has, by default of all but the last.
    threads  that draw at the same time; by default the processors of this process.
    batch    images that a thread draws at a time, 1 to 65536.

    Memory is taken here and at first use, and given back by close().
    """
    return Model(path, isa, threads, batch)


class Step(NamedTuple):
    """One step of Model.steps()."""

    number: int  #: 1 .. count
    count: int
    images: Callable[[], memoryview]  #: what Model.sample() would return, as far as it is


def _files(path: str | os.PathLike[str]) -> tuple[pathlib.Path, pathlib.Path]:
    """Code and blob of a model, which lie side by side."""
    code = pathlib.Path(path)
    if str(path) == "fashion":
        code = pathlib.Path(__file__).with_name("fashion.so")
    if code.suffix not in (".so", ".cedm"):
        raise Error(f"{path}: is no frozen model; wanted M.so or M.cedm, which "
                    "cedm-freeze CHECKPOINT -o DIR --build writes")
    both = code.with_suffix(".so").absolute(), code.with_suffix(".cedm").absolute()
    for file in both:
        if not file.is_file():
            raise Error(f"{path}: there is no file {file}; cedm-freeze --build writes both")
    return both


def _open_code(path: pathlib.Path) -> tuple[ctypes.CDLL, Any]:
    """The library M.so and what its cedm_model_entry returns."""
    try:
        opened = ctypes.CDLL(str(path))
        entry = opened.cedm_model_entry
    except (OSError, AttributeError) as error:
        raise Error(f"{path}: is no loadable model: {error}") from None
    entry.restype = ctypes.POINTER(c.CModel)
    code = entry()
    if code.contents.abi != c.MODEL_ABI or code.contents.size != ctypes.sizeof(c.CModel):
        raise Error(f"{path}: made for another version; wanted ABI {c.MODEL_ABI}, "
                    f"got {code.contents.abi}; freeze it again")
    return opened, code


def _close_code(handle: int) -> None:
    ctypes.CDLL(None).dlclose(ctypes.c_void_p(handle))


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _backend(isa: str | None) -> int:
    if isa is None:
        return library.cedm_backend_cpu(c.ISA_ALL)
    names = isa.split(",")
    unknown = [name for name in names if name not in c.ISAS and name != "portable"]
    if unknown:
        raise Error(f"isa: wanted portable or {' or '.join(c.ISAS)}, got {isa!r}")
    mask = sum(c.ISAS[name] for name in set(names) if name in c.ISAS)
    if not mask & library.cedm_isa_available() and "portable" not in names:
        raise Error(f"isa {isa!r}: this processor or build has none of them")
    return library.cedm_backend_cpu(mask)


def _buffer(format: str, *shape: int) -> memoryview:
    """Zeros that NumPy and others can view."""
    size = math.prod(shape) * struct.calcsize(format)
    return memoryview(bytearray(size)).cast(format, shape)


def _length(x: object) -> int:
    """Of a sequence; 1 of a number or a word."""
    return len(x) if hasattr(x, "__len__") and not isinstance(x, str) else 1


def _together(tasks: Sequence[Callable[[threading.Event], None]]) -> None:
    """Runs all tasks, the first in this thread; raises what one of them raised.

    The event tells the others that one failed or was interrupted.
    """
    stop, failures = threading.Event(), []

    def run(task: Callable[[threading.Event], None]) -> None:
        try:
            task(stop)
        except BaseException as failure:  # noqa: B902 - raised again below
            stop.set()
            failures.append(failure)

    others = [threading.Thread(target=run, args=(task,)) for task in tasks[1:]]
    for thread in others:
        thread.start()
    run(tasks[0])
    for thread in others:
        while thread.is_alive():
            try:
                thread.join()
            except BaseException as failure:  # Ctrl-C; the threads are waited for
                stop.set()
                failures.append(failure)
    if failures:
        raise failures[0]


class _Net:
    """A network of one thread, and the sampler that uses it."""

    def __init__(self, model: Model, batch: int) -> None:
        self.model = model
        self.batch = batch
        self.arena = c.Region(library.cedm_arena_bytes(model._code, batch, 1))
        self.net, self.sampler = c.Net(), c.Sampler()
        config = model._config(batch)
        config.arena, config.arena_bytes = self.arena.address, self.arena.size
        c.check(library.cedm_net_init(byref(self.net), byref(model._blob), byref(config)),
                model.name)

    def begin(self, params: c.SamplerParams, seeds: Sequence[int],
              clusters: Sequence[int]) -> None:
        n = len(seeds)
        c.check(library.cedm_sample_begin(
            byref(self.sampler), byref(self.net), byref(params),
            (c_uint64 * n)(*seeds), (c_int32 * n)(*clusters), n), self.model.name)

    def step(self) -> bool:
        """Is there another one?"""
        status = library.cedm_sample_step(byref(self.sampler))
        return c.check(status, self.model.name) == c.MORE

    def images(self, address: int) -> None:
        c.check(library.cedm_sample_images(byref(self.sampler), address), self.model.name)


class Model:
    """A frozen model; load() makes one.  One that denoises can sample() and denoise(), an
    encoder can encode().  Its methods may be called from any thread; one call at a time
    has the networks, others wait."""

    def __init__(self, path: str | os.PathLike[str], isa: str | None, threads: int | None,
                 batch: int) -> None:
        code_path, blob_path = _files(path)
        self.threads = _processors() if threads is None else threads
        self.batch = batch
        if self.threads < 1 or not 1 <= batch <= c.MAX_BATCH:
            raise Error(f"wanted a thread or more and a batch of 1 to {c.MAX_BATCH}, "
                        f"got {threads} and {batch}")
        opened, self._code = _open_code(code_path)
        self._closing = weakref.finalize(self, _close_code, opened._handle)
        self.name: str = self._code.contents.name.decode()
        self._look_at(self._code.contents)
        self._bind(blob_path)
        self._prepare(_backend(isa))
        self._lock = threading.Lock()
        self._nets: list[_Net] = []

    # ---- opening ----------------------------------------------------------

    def _look_at(self, code: c.CModel) -> None:
        self.denoises, self.encodes = bool(code.denoiser), bool(code.encoder)
        if self.denoises:
            d = code.denoiser.contents
            shape = d.resolution, d.resolution, d.channels
        elif self.encodes:
            e = code.encoder.contents
            shape = e.height, e.width, e.channels
        else:
            c.check(c.E_KIND, self.name)
        #: height, width and channels of an image
        self.image_shape: tuple[int, int, int] = shape
        #: of a model that denoises; 0: unconditional
        self.clusters: int = d.label_dim if self.denoises else 0
        #: numbers for an image, of an encoder
        self.features: int = e.features if self.encodes else 0

    def _bind(self, path: pathlib.Path) -> None:
        try:
            self._bytes = c.Region(path=path)
        except (OSError, ValueError) as error:
            raise Error(f"{path}: {error}") from None
        self._blob = c.Blob()
        c.check(library.cedm_bind(byref(self._blob), self._code, self._bytes.address,
                                  self._bytes.size), str(path))
        #: what the model says of itself: network, clusters, source, memory
        self.description: dict[str, Any] = json.loads(
            ctypes.string_at(self._blob.trailer, self._blob.trailer_bytes))
        self._params = _sampler.from_description(self.description)
        freq = self.description.get("clusters", {}).get("freq")
        self._freq = (c_double * self.clusters)(*freq) if freq and self.clusters else None

    def _prepare(self, backend: int) -> None:
        self._backend = backend
        self._weights = c.Region(library.cedm_weights_bytes(self._code, backend))
        config = self._config(1)
        c.check(library.cedm_prepare(byref(self._blob), byref(config), self._weights.address,
                                     self._weights.size), self.name)

    def _config(self, batch: int) -> c.NetConfig:
        config = library.cedm_net_config_default()
        config.backend, config.batch = self._backend, batch
        config.weights, config.weights_bytes = self._weights.address, self._weights.size
        return config

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives back the networks and M.so; the model can then do nothing more."""
        with self._lock:
            self._nets.clear()
            self._closing()

    # ---- what is drawn ----------------------------------------------------

    def _wanted(self, cluster: Clusters, n: int | None,
                seed: Seeds) -> tuple[list[int], list[int]]:
        """Seed and cluster of each image."""
        if n is None:
            n = max(_length(seed), _length(cluster))
        seeds = list(range(seed, seed + n)) if isinstance(seed, int) else list(seed)
        if n < 1 or len(seeds) != n:
            raise Error(f"wanted a seed for each of {n} images, got {len(seeds)}")
        if isinstance(cluster, str) and cluster == "random":
            return seeds, [library.cedm_draw_cluster(self._code, s, self._freq) for s in seeds]
        if isinstance(cluster, str):
            raise Error(f"cluster: wanted a number, numbers, 'random' or None, got {cluster!r}")
        given = [-1] if cluster is None else [cluster] if isinstance(cluster, int) else cluster
        wrong = [k for k in given if not -1 <= k < self.clusters]
        if wrong or len(given) == 0:
            raise Error(f"cluster: wanted 0 to {self.clusters - 1}, or -1 for none, got "
                        f"{wrong[0] if wrong else 'an empty list'}")
        return seeds, [int(given[i % len(given)]) for i in range(n)]

    @property
    def _pixels(self) -> int:
        return math.prod(self.image_shape)

    def _check_kind(self, good: bool) -> None:
        self._check_open()
        if not good:
            c.check(c.E_KIND, self.name)

    def _count(self, view: memoryview, format: str) -> int:
        """Images in a caller's buffer."""
        each = view.itemsize * self._pixels
        if view.format != format or not view.c_contiguous or view.nbytes % each:
            raise TypeError(f"wanted contiguous images of shape [n]{list(self.image_shape)} and "
                            f"format {format!r}, got {view.format!r} of shape {view.shape}")
        if view.nbytes == 0:
            raise Error("wanted an image or more, got 0")
        return view.nbytes // each

    def _check_open(self) -> None:
        if not self._closing.alive:
            raise Error(f"{self.name}: the model was closed")

    def _spread(self, n: int, work: Callable[[_Net, slice, threading.Event], None]) -> None:
        """Calls work for parts of n images, each thread with a network of its own: no more
        threads, nor larger batches, than the images fill."""
        with self._lock:
            self._check_open()
            count = min(self.threads, n)
            batch = min(self.batch, -(-n // count))
            if len(self._nets) < count or self._nets[0].batch < batch:
                self._nets = [_Net(self, batch) for _ in range(count)]
            parts = iter([slice(first, min(first + batch, n)) for first in range(0, n, batch)])
            taking = threading.Lock()

            def take(net: _Net, stop: threading.Event) -> None:
                while not stop.is_set():
                    with taking:
                        part = next(parts, None)
                    if part is None:
                        return
                    work(net, part, stop)

            _together([lambda stop, net=net: take(net, stop) for net in self._nets[:count]])

    def sample(self, cluster: Clusters = "random", n: int | None = None, seed: Seeds = 0, *,
               nfe: int | None = None, **sampler: Any) -> memoryview:
        """Draws images: uint8 [n][height][width][channels].

        cluster  a number, or one for each image in turn; "random" as the training data
                 had them; None for the label of none
        n        images; by default as many as there are seeds or clusters, else one
        seed     of the first, the others follow; or one for each
        nfe      evaluations of the network: picks solver, steps and noise levels
        sampler  what else differs from the model's own sampler, by the names of
                 cedm_sampler_params in cedm.h: steps, solver="heun", order,
                 discretization, schedule, scaling, sigmas, sigma_min, sigma_max, rho,
                 S_churn, S_min, S_max, S_noise, churn_draws, guidance

        The GIL is released while a network is evaluated.  Ctrl-C is taken between steps.
        """
        self._check_kind(self.denoises)
        seeds, clusters = self._wanted(cluster, n, seed)
        params = _sampler.resolve(self._params, nfe, sampler)
        out = _buffer("B", len(seeds), *self.image_shape)
        start = ctypes.addressof(ctypes.c_uint8.from_buffer(out))

        def draw(net: _Net, part: slice, stop: threading.Event) -> None:
            net.begin(params, seeds[part], clusters[part])
            while net.step():
                if stop.is_set():
                    return
            net.images(start + part.start * self._pixels)

        self._spread(len(seeds), draw)
        return out

    def steps(self, cluster: Clusters = "random", n: int | None = None, seed: Seeds = 0, *,
              nfe: int | None = None, **sampler: Any) -> Iterator[Step]:
        """Draws all images of sample() at the same time and yields after each step, for
        progress and previews:

            for step in model.steps(cluster=5, n=4):
                show(step.number, step.count, step.images())

        The last images are those of sample().  Whoever stops iterating cancels.  Its
        networks are its own and hold all images at once.
        """
        self._check_kind(self.denoises)
        seeds, clusters = self._wanted(cluster, n, seed)
        params = _sampler.resolve(self._params, nfe, sampler)
        batch = -(-len(seeds) // min(self.threads, len(seeds)))
        parts = [(first, _Net(self, batch)) for first in range(0, len(seeds), batch)]
        for first, net in parts:
            part = slice(first, first + batch)
            net.begin(params, seeds[part], clusters[part])

        def images() -> memoryview:
            out = _buffer("B", len(seeds), *self.image_shape)
            start = ctypes.addressof(ctypes.c_uint8.from_buffer(out))
            for first, net in parts:
                net.images(start + first * self._pixels)
            return out

        def every_step() -> Iterator[Step]:
            for number in range(1, params.steps + 1):
                _together([lambda stop, net=net: net.step() for _, net in parts])
                yield Step(number, params.steps, images)

        return every_step()

    def denoise(self, x: Any, sigma: float | Sequence[float],
                cluster: int | None | Sequence[int] = None) -> memoryview:
        """D(x; sigma, cluster), float64 like x: [n][height][width][channels].

        x is a contiguous buffer of float64, such as a NumPy array; sigma and cluster are
        one for all images or one for each.
        """
        self._check_kind(self.denoises)
        view = memoryview(x)
        n = self._count(view, "d")
        sigmas = [float(sigma)] * n if isinstance(sigma, (int, float)) else list(sigma)
        clusters = self._wanted(cluster, n, 0)[1]
        if len(sigmas) != n:
            raise Error(f"wanted a sigma for each of {n} images, got {len(sigmas)}")
        source = (c_double * (n * self._pixels)).from_buffer_copy(view.cast("B"))
        out = _buffer("d", n, *self.image_shape)
        target = ctypes.addressof(c_double.from_buffer(out))

        def evaluate(net: _Net, part: slice, stop: threading.Event) -> None:
            count, skip = part.stop - part.start, part.start * self._pixels * 8
            c.check(library.cedm_denoise(
                byref(net.net), ctypes.addressof(source) + skip,
                (c_double * count)(*sigmas[part]), (c_int32 * count)(*clusters[part]), count,
                target + skip), self.name)

        self._spread(n, evaluate)
        return out

    def encode(self, images: Any) -> memoryview:
        """Features of 8-bit images, by an encoder: float32 [n][features].

        images is a contiguous buffer of uint8 [n][height][width][channels], of the size
        that the encoder was frozen for.
        """
        self._check_kind(self.encodes)
        view = memoryview(images)
        n = self._count(view, "B")
        source = (ctypes.c_uint8 * view.nbytes).from_buffer_copy(view.cast("B"))
        out = _buffer("f", n, self.features)
        target = ctypes.addressof(c_float.from_buffer(out))

        def evaluate(net: _Net, part: slice, stop: threading.Event) -> None:
            c.check(library.cedm_encode(
                byref(net.net), ctypes.addressof(source) + part.start * self._pixels,
                part.stop - part.start, target + part.start * self.features * 4), self.name)

        self._spread(n, evaluate)
        return out
