# SPDX-License-Identifier: MIT
"""The Python package: the bits of cedm-gen, golden values, errors, leaks.

In the environment: BIN, with cedm-gen, TINY, a frozen model NAME.so, and ENCODER, one for
images of 37 x 29 pixels.
"""

import _thread
import array
import json
import math
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

import cedm
from cedm import _library, _model, _sampler

ROOT = pathlib.Path(__file__).parents[2]
GEN = os.path.join(os.environ["BIN"], "cedm-gen")
TINY = os.environ["TINY"]
ENCODER = os.environ["ENCODER"]


def drawn_by_gen(*options):
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, "images.raw")
        command = [GEN, *map(str, options), "--format", "raw", "--out", out]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return pathlib.Path(out).read_bytes()


def read_golden(path):
    """Arrays of a safetensors file, flat."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    codes = {"F32": "f", "F64": "d", "I64": "q", "U8": "B"}
    arrays = {}
    for name, item in json.loads(data[8:8 + size]).items():
        if name != "__metadata__" and item["dtype"] in codes:
            start, end = item["data_offsets"]
            arrays[name] = array.array(codes[item["dtype"]], data[8 + size + start:8 + size + end])
    return arrays


class SameBits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = cedm.load("fashion", threads=2)

    def check(self, options, model=None, **arguments):
        one = [] if {"--n", "--seeds"} & set(options) else ["--n", 1]
        wanted = drawn_by_gen(*options, *one)
        got = (model or self.model).sample(**arguments)
        self.assertEqual(len(wanted), got.nbytes)
        self.assertEqual(wanted, bytes(got))

    def test_clusters_and_seeds(self):
        few = ["--steps", 3]
        self.check(["--cluster", 5, "--n", 5, *few], cluster=5, n=5, steps=3)
        self.check(["--cluster", "1,2", "--n", 5, *few], cluster=[1, 2], n=5, steps=3)
        self.check(["--cluster", "none", "--n", 2, *few], cluster=None, n=2, steps=3)
        self.check(["--n", 9, "--seed", 100, *few], n=9, seed=100, steps=3)
        self.check(["--seeds", "7,70,4294967303", *few], seed=[7, 70, 4294967303], steps=3)

    def test_samplers(self):
        self.check(["--cluster", 3, "--nfe", 4], cluster=3, nfe=4)
        self.check(["--cluster", 3, "--nfe", 4, "--guidance", 0.5], cluster=3, nfe=4, guidance=0.5)
        self.check(["--cluster", 3, "--solver", "unipc", "--steps", 4],
                   cluster=3, solver="unipc", steps=4)
        self.check(["--cluster", 3, "--disc", "vp", "--steps", 3, "--sigma-max", 70],
                   cluster=3, discretization="vp", steps=3, sigma_max=70)
        self.check(["--cluster", 3, "--steps", 4, "--S-churn", 2, "--S-noise", 1.01],
                   cluster=3, steps=4, S_churn=2, S_noise=1.01)
        self.check(["--cluster", 3, "--sigmas", "60,5,0.5,0.01"],
                   cluster=3, sigmas=[60, 5, 0.5, 0.01])

    def test_threads_and_batches_change_nothing(self):
        wanted = drawn_by_gen("--cluster", 5, "--n", 7, "--steps", 2)
        for threads, batch in (1, 16), (3, 2), (2, 1), (16, 16):
            with cedm.load(threads=threads, batch=batch) as model:
                got = model.sample(cluster=5, n=7, steps=2)
                self.assertEqual(wanted, bytes(got), (threads, batch))

    def test_instruction_sets(self):
        with cedm.load(isa="portable") as model:
            self.check(["--isa", "portable", "--cluster", 1, "--steps", 2], model,
                       cluster=1, steps=2)

    def test_model_of_a_path(self):
        for path in TINY, TINY.replace(".so", ".cedm"), pathlib.Path(TINY):
            with cedm.load(path) as model:
                self.check(["--model", TINY, "--cluster", 2, "--n", 2], model, cluster=2, n=2)

    def test_steps_end_with_the_images(self):
        seen = [(step.number, step.count, bytes(step.images()))
                for step in self.model.steps(cluster=4, n=3, seed=9, steps=5)]
        self.assertEqual([(i, 5) for i in range(1, 6)], [step[:2] for step in seen])
        self.assertEqual(5, len({images for _, _, images in seen}))
        self.assertEqual(bytes(self.model.sample(cluster=4, n=3, seed=9, steps=5)), seen[-1][2])


class Denoise(unittest.TestCase):
    def test_golden(self):
        golden = read_golden(ROOT / "tests/golden/ncsnpp-tiny.golden.safetensors")
        with cedm.load(TINY) as model:
            shape = [len(golden["sigma"]), *model.image_shape]
            got = model.denoise(to_nhwc(golden["x"], shape), golden["sigma"], golden["cluster"])
            wanted = to_nhwc(golden["denoised"], shape)
        self.assertEqual(tuple(shape), got.shape)
        got = memoryview(got.cast("B")).cast("d")
        error = sum((a - b) ** 2 for a, b in zip(got, wanted))
        # float32 by Winograd's tiles against float64: docs/NUMERICS.md
        self.assertLess(math.sqrt(error / sum(b * b for b in wanted)), 1e-5)

    def test_one_sigma_for_all(self):
        with cedm.load(threads=2, batch=2) as model:
            x = array.array("d", (math.sin(i) for i in range(5 * 1024)))
            one = bytes(model.denoise(x[2048:3072], 0.5, 3))
            self.assertEqual(one, bytes(model.denoise(x, 0.5, 3))[2048 * 8:3072 * 8])


def to_nhwc(flat, shape):
    n, height, width, channels = shape
    plane = height * width
    return array.array("d", (flat[(i * channels + k) * plane + at] for i in range(n)
                             for at in range(plane) for k in range(channels)))


class Encode(unittest.TestCase):
    def test_golden(self):
        golden = read_golden(ROOT / "tests/golden/science/vit/dino-tiny.e2e.safetensors")
        image, wanted = golden["image"], golden["cls"]
        other = array.array("B", reversed(image))
        with cedm.load(ENCODER, threads=2, batch=1) as model:
            self.assertEqual((37, 29, 3), model.image_shape)
            got = model.encode(image)
            self.assertEqual((1, len(wanted)), got.shape)
            both = model.encode(other + image)
            with self.assertRaisesRegex(cedm.Error, "another kind"):
                model.sample()
        one = memoryview(got.cast("B")).cast("f")
        # Absolute: fifty times what PyTorch's float32 differs by, as cedm-verify has it.
        self.assertLess(max(abs(a - b) for a, b in zip(one, wanted)), 1e-4)
        self.assertEqual(bytes(one), bytes(both)[got.nbytes:])

    def test_refusals(self):
        with cedm.load(ENCODER) as model:
            with self.assertRaisesRegex(TypeError, r"\[37, 29, 3\]"):
                model.encode(bytes(37 * 29 * 3 + 1))
            with self.assertRaisesRegex(cedm.Error, "got 0"):
                model.encode(b"")
        with self.assertRaisesRegex(cedm.Error, "another kind") as caught:
            cedm.load().encode(bytes(1024))
        self.assertEqual(-32, caught.exception.status)


class Refusals(unittest.TestCase):
    def setUp(self):
        self.model = cedm.load()

    def test_arguments(self):
        for text, arguments in {
            "0 to 19": {"cluster": 20}, "'all'": {"cluster": "all"}, "empty": {"cluster": []},
            "each of 3": {"n": 3, "seed": [1, 2]}, "of 0 images": {"n": 0},
            "heun or euler": {"solver": "magic"}, "steps: wanted 1": {"steps": 0},
            "nfe: wanted 1": {"nfe": 0}, "2 levels": {"sigmas": [1]},
            "no usable number": {"rho": 0}, "do not fall": {"sigmas": [2, 1, 1.5, 0.1]},
        }.items():
            with self.assertRaisesRegex(cedm.Error, text, msg=arguments):
                self.model.sample(**arguments)
        with self.assertRaisesRegex(TypeError, "'step'; there are steps"):
            self.model.sample(step=3)
        with self.assertRaisesRegex(TypeError, "not with steps"):
            self.model.sample(nfe=3, steps=3)
        with self.assertRaisesRegex(TypeError, "format 'd'"):
            self.model.denoise(array.array("f", [0] * 1024), 1)
        with self.assertRaisesRegex(cedm.Error, "sigma is not a finite") as caught:
            self.model.denoise(array.array("d", [0] * 1024), 0)
        self.assertEqual(-14, caught.exception.status)

    def test_files(self):
        with tempfile.TemporaryDirectory() as work:
            code, blob = (pathlib.Path(work, "m" + s) for s in (".so", ".cedm"))
            with self.assertRaisesRegex(cedm.Error, "is no frozen model"):
                cedm.load(pathlib.Path(work, "m.safetensors"))
            with self.assertRaisesRegex(cedm.Error, "there is no file"):
                cedm.load(code)
            blob.write_bytes(pathlib.Path(TINY).with_suffix(".cedm").read_bytes()[:-1])
            code.write_bytes(b"no library")
            with self.assertRaisesRegex(cedm.Error, "is no loadable model"):
                cedm.load(code)
            code.write_bytes(pathlib.Path(TINY).read_bytes())
            with self.assertRaisesRegex(cedm.Error, "shorter than its header") as caught:
                cedm.load(code)
            self.assertEqual(-40, caught.exception.status)
            blob.write_bytes(b"")
            with self.assertRaisesRegex(cedm.Error, "m.cedm"):
                cedm.load(code)

    def test_closed(self):
        self.model.close()
        self.model.close()
        with self.assertRaisesRegex(cedm.Error, "was closed"):
            self.model.sample()
        with self.assertRaisesRegex(cedm.Error, "was closed"):
            self.model.steps()


class Running(unittest.TestCase):
    def test_other_threads_run_meanwhile(self):
        with cedm.load(threads=1) as model:
            count, done = 0, threading.Event()
            thread = threading.Thread(target=lambda: (model.sample(n=16, steps=4), done.set()))
            thread.start()
            while not done.is_set():
                count += 1
            thread.join()
        # 6 calls of the library: with the lock held there would be as few turns of 5 ms.
        self.assertGreater(count, 10000)

    def test_python_takes_2_percent_at_most(self):
        inside = 0.0

        def timed(call):
            def run(*arguments):
                nonlocal inside
                start = time.thread_time()
                status = call(*arguments)
                inside += time.thread_time() - start
                return status
            return run

        library = _model.library
        names = ["cedm_sample_begin", "cedm_sample_step", "cedm_sample_images"]
        calls = {name: timed(getattr(library, name)) for name in names}
        with cedm.load(threads=1) as model, \
                mock.patch.multiple(library, **calls):
            start = time.thread_time()
            model.sample(cluster=5, n=64, nfe=4)
            whole = time.thread_time() - start
        self.assertGreater(inside, 0.1 * whole)
        self.assertLess(whole - inside, 0.02 * whole)

    def test_interrupt(self):
        # whoever runs this in the background may ignore the signal
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with cedm.load(threads=2) as model:
            timer = threading.Timer(0.05, _thread.interrupt_main)
            with self.assertRaises(KeyboardInterrupt):
                timer.start()
                model.sample(n=64, steps=1000)
            wanted = bytes(cedm.load().sample(cluster=1, steps=1))
            self.assertEqual(wanted, bytes(model.sample(cluster=1, steps=1)))

    def test_1000_loads_and_samples_leak_nothing(self):
        def turn():
            with cedm.load(TINY, threads=2) as model:
                model.sample(cluster=1, n=2, steps=1)

        def held():
            maps = pathlib.Path("/proc/self/maps").read_text().count("\n")
            return maps, int(pathlib.Path("/proc/self/statm").read_text().split()[1])

        for _ in range(100):
            turn()
        maps, pages = held()
        for _ in range(1000):
            turn()
        more_maps, more_pages = held()
        # One region of a model in a thousand would be a map; 256 pages are 1 MiB, less
        # than two blobs.
        self.assertLessEqual(more_maps, maps + 8)
        self.assertLess(more_pages - pages, 256)


class Mirror(unittest.TestCase):
    """What ctypes is told is what the header says."""

    @classmethod
    def setUpClass(cls):
        lines = (ROOT / "packaging/libcedm.abi").read_text().split("\n")
        cls.said = {tuple(words[:2]): words[2:] for words in map(str.split, lines)
                    if len(words) > 1}

    def test_structures(self):
        c = _library
        names = {c.Graph: "graph", c.Features: "features", c.Denoiser: "denoiser",
                 c.Encoder: "encoder", c.CModel: "model", c.Blob: "blob",
                 c.NetConfig: "net_config", c.Net: "net",
                 c.SamplerParams: "sampler_params", c.Sampler: "sampler",
                 c.SolverFacts: "solver_facts"}
        for kind, name in names.items():
            size = self.said["struct", f"cedm_{name}"]
            self.assertEqual([str(_library.ctypes.sizeof(kind))], size, name)
            members = [key[1] for key in self.said
                       if key[0] == "member" and key[1].startswith(f"cedm_{name}.")]
            if kind is not c.Net:
                self.assertEqual({f"cedm_{name}.{field[0]}" for field in kind._fields_},
                                 set(members))
                for field, *_ in kind._fields_:
                    member = getattr(kind, field)
                    self.assertEqual([str(member.offset), str(member.size)],
                                     self.said["member", f"cedm_{name}.{field}"][:2], field)

    def test_words_and_numbers(self):
        for name, words in _sampler.WORDS.items():
            listed = {key[1]: value for key, value in self.said.items()
                      if key[0] == "number" and key[1].startswith(f"CEDM_{name.upper()}_")}
            self.assertEqual({f"CEDM_{name.upper()}_{word}": [str(i)]
                              for i, word in enumerate(words)}, listed)
        for name, bit in {**_library.ISAS, "ALL": _library.ISA_ALL}.items():
            self.assertEqual([str(bit)], self.said["number", f"CEDM_ISA_{name}"])
        self.assertEqual([str(_library.MORE)], self.said["number", "CEDM_MORE"])
        self.assertEqual([str(_library.MODEL_ABI)], self.said["number", "CEDM_MODEL_ABI"])


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, "
          f"{len(result.skipped)} skipped")
    sys.exit(bad > 0)
