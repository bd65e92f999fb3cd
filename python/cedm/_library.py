# SPDX-License-Identifier: MIT
"""libcedm.so as ctypes sees it: the structures and functions of cedm.h that are used.

Sizes and offsets are compared with packaging/libcedm.abi by the tests.
"""

from __future__ import annotations

import ctypes
import mmap
import pathlib
from ctypes import POINTER, Structure, c_char_p, c_double, c_int, c_int32, c_size_t
from ctypes import c_uint8, c_uint32, c_uint64, c_void_p

version = "@VERSION@"

MODEL_ABI = 3
MORE = 1
E_KIND = -32
ISAS = {"avx2": 1, "avx512": 2, "neon": 4, "avx512bf16": 8}
ISA_ALL = 0xFFFF & ~ISAS["avx512bf16"]
MAX_BATCH = 65536


class Graph(Structure):
    _fields_ = [
        ("input_count", c_uint32), ("output_count", c_uint32),
        ("inputs", c_void_p), ("outputs", c_void_p),
        ("op_count", c_uint32), ("act_elements", c_uint32), ("f32_elements", c_uint32),
        ("scratch_bytes", c_uint64), ("weights_bytes", c_uint64),
        ("dtype", c_uint32), ("tensor_count", c_uint32),
        ("tensors", c_void_p), ("data_elements", c_uint64), ("layout_hash", c_uint64),
        ("eval", c_void_p),
    ]


class Features(Structure):
    _fields_ = [("kind", c_uint32), ("channels", c_uint32), ("endpoint", c_uint32),
                ("swap", c_uint32), ("freqs", c_uint32)]


class Denoiser(Structure):
    _fields_ = [
        ("resolution", c_uint32), ("channels", c_uint32), ("label_dim", c_uint32),
        ("precond", c_uint32), ("sigma_data", c_double), ("sigma_min", c_double),
        ("sigma_max", c_double), ("beta_d", c_double), ("beta_min", c_double),
        ("noise_steps", c_uint32), ("noise_levels", c_uint32), ("features", Features),
    ]


class Encoder(Structure):
    _fields_ = [("height", c_uint32), ("width", c_uint32), ("channels", c_uint32),
                ("features", c_uint32)]


class CModel(Structure):
    _fields_ = [("abi", c_uint32), ("size", c_uint32), ("name", c_char_p), ("graph", Graph),
                ("denoiser", POINTER(Denoiser)), ("encoder", POINTER(Encoder))]


class Blob(Structure):
    _fields_ = [("model", c_void_p), ("data", c_void_p), ("trailer", c_void_p),
                ("trailer_bytes", c_size_t)]


class NetConfig(Structure):
    _fields_ = [("backend", c_void_p), ("weights", c_void_p), ("weights_bytes", c_size_t),
                ("arena", c_void_p), ("arena_bytes", c_size_t), ("batch", c_uint32),
                ("workers", c_uint32), ("parallel_for", c_void_p), ("pool", c_void_p)]


class Net(Structure):
    """Private, but for its size and alignment."""

    _fields_ = [("words", c_uint64 * 29)]


class SamplerParams(Structure):
    _fields_ = [
        ("steps", c_uint32), ("sigma_min", c_double), ("sigma_max", c_double),
        ("rho", c_double), ("S_churn", c_double), ("S_min", c_double), ("S_max", c_double),
        ("S_noise", c_double), ("guidance", c_double), ("guidance_min", c_double),
        ("guidance_max", c_double), ("solver", c_int),
        ("discretization", c_int), ("schedule", c_int), ("scaling", c_int),
        ("order", c_uint32), ("churn_draws", c_int), ("sigmas", POINTER(c_double)),
        ("start", c_uint32),
    ]


class Sampler(Structure):
    _fields_ = [("net", c_void_p), ("params", SamplerParams), ("n", c_uint32),
                ("step", c_uint32), ("guide", c_void_p), ("images", c_void_p),
                ("mask", c_void_p), ("rounds", c_uint32)]


class SolverFacts(Structure):
    _fields_ = [("word", c_char_p), ("order", c_uint32), ("least", c_uint32),
                ("most", c_uint32), ("evaluations", c_uint32), ("maps", c_uint32),
                ("ends_at_0", c_uint32), ("general", c_uint32)]


class Error(Exception):
    """What the library, a file or an argument refuses.

    `status` is a cedm_status of cedm.h, or 0 where the library was not asked.
    """

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


def _open() -> ctypes.CDLL:
    here = pathlib.Path(__file__).parent
    found = sorted(here.glob("libcedm.so.*"))
    if not found:
        raise ImportError(f"{here}: libcedm.so is missing; install cedm, do not import its source")
    return ctypes.CDLL(str(found[0]))


library = _open()


def _declare(name: str, result: object, *arguments: object) -> None:
    function = getattr(library, "cedm_" + name)
    function.restype = result
    function.argtypes = arguments


_Model, _Config, _Params = POINTER(CModel), POINTER(NetConfig), POINTER(SamplerParams)
_declare("status_text", c_char_p, c_int)
_declare("backend_portable", c_void_p)
_declare("isa_available", c_uint32)
_declare("backend_cpu", c_void_p, c_uint32)
_declare("bind", c_int, POINTER(Blob), _Model, c_void_p, c_size_t)
_declare("weights_bytes", c_uint64, _Model, c_void_p)
_declare("arena_bytes", c_uint64, _Model, c_uint32, c_uint32)
_declare("net_config_default", NetConfig)
_declare("prepare", c_int, POINTER(Blob), _Config, c_void_p, c_size_t)
_declare("net_init", c_int, POINTER(Net), POINTER(Blob), _Config)
_declare("denoise", c_int, POINTER(Net), c_void_p, c_void_p, c_void_p, c_uint32, c_void_p)
_declare("encode", c_int, POINTER(Net), c_void_p, c_uint32, c_void_p)
_declare("solver_describe", POINTER(SolverFacts), c_int)
_declare("sampler_params_default", SamplerParams)
_declare("sampler_params_for", SamplerParams, c_int)
_declare("sampler_params_nfe", SamplerParams, c_uint32)
_declare("sample_begin", c_int, POINTER(Sampler), POINTER(Net), _Params,
         POINTER(c_uint64), POINTER(c_int32), c_uint32)
_declare("sample_step", c_int, POINTER(Sampler))
_declare("sample_images", c_int, POINTER(Sampler), c_void_p)
_declare("draw_cluster", c_int32, _Model, c_uint64, POINTER(c_double))


def check(status: int, what: str) -> int:
    """The status, if it is no error."""
    if status < 0:
        raise Error(f"{what}: {library.cedm_status_text(status).decode()}", status)
    return status


class Region:
    """Memory aligned to a page: zeros, or the bytes of a file."""

    def __init__(self, size: int = 0, path: pathlib.Path | None = None) -> None:
        if path is None:
            self._map = mmap.mmap(-1, max(size, 1))
            self.size = size
        else:
            with open(path, "rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            self.size = len(self._map)
        self.address = ctypes.addressof(c_uint8.from_buffer(self._map))
