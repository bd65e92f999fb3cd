# SPDX-License-Identifier: MIT
"""Parameters of a sampler: a model's own, changed by what a caller gives."""

from __future__ import annotations

import ctypes
import math
from typing import Any, Mapping

from cedm._library import Error, SamplerParams, library

MAX_STEPS = 65536
NUMBERS = ("sigma_min", "sigma_max", "rho", "S_churn", "S_min", "S_max", "S_noise", "guidance")
COUNTS = ("steps", "order")
# In the order of the lists of cedm.h.
WORDS = {
    "solver": ("heun", "euler", "ipndm", "dpmpp", "unipc", "deis"),
    "discretization": ("edm", "vp", "ve", "iddpm", "vpt", "logsnr", "list"),
    "schedule": ("linear", "vp", "ve"),
    "scaling": ("none", "vp"),
    "churn_draws": ("edm", "cedm"),
}
NAMES = (*COUNTS, *NUMBERS, *WORDS, "sigmas")


def _index(name: str, word: Any) -> int:
    if word not in WORDS[name]:
        raise Error(f"{name}: wanted {' or '.join(WORDS[name])}, got {word!r}")
    return WORDS[name].index(word)


def _count(name: str, value: int) -> int:
    if not 1 <= value <= MAX_STEPS:
        raise Error(f"{name}: wanted 1 to {MAX_STEPS}, got {value}")
    return value


def _set_sigmas(params: SamplerParams, sigmas: Any) -> None:
    levels = (ctypes.c_double * len(sigmas))(*sigmas)
    if len(levels) < 2:
        raise Error(f"sigmas: wanted 2 levels or more, got {len(levels)}")
    facts = library.cedm_solver_describe(params.solver).contents
    params.discretization = _index("discretization", "list")
    params.steps = len(levels) - (0 if facts.ends_at_0 else 1)
    params.sigma_max, params.sigma_min = levels[0], levels[-1]
    params.sigmas = levels  # ctypes keeps them as long as params


def _change(params: SamplerParams, given: Mapping[str, Any]) -> None:
    """A discretization brings its range and rho, a solver its order."""
    for name in WORDS:
        if name in given:
            setattr(params, name, _index(name, given[name]))
    if "discretization" in given and given["discretization"] != "list":
        usual = library.cedm_sampler_params_for(params.discretization)
        for name in ("sigma_min", "sigma_max", "rho"):
            setattr(params, name, getattr(usual, name))
    if "solver" in given:
        params.order = 0
    for name in COUNTS:
        if name in given:
            setattr(params, name, _count(name, given[name]))
    for name in NUMBERS:
        if name in given:
            setattr(params, name, given[name])
    if given.get("sigmas") is not None:
        _set_sigmas(params, given["sigmas"])


def from_description(description: Mapping[str, Any]) -> SamplerParams:
    """What a model was frozen with; Algorithm 2 where it says nothing."""
    said = dict(description.get("sampler", {}))
    params = library.cedm_sampler_params_default()
    for name in NUMBERS:
        if name in said and said[name] is None:  # JSON has no infinity
            said[name] = math.inf
    _change(params, said)
    return params


def resolve(own: SamplerParams, nfe: int | None, given: Mapping[str, Any]) -> SamplerParams:
    """A copy of a model's parameters with the changes of a call."""
    unknown = sorted(set(given) - set(NAMES))
    if unknown:
        raise TypeError(f"unknown sampler parameter {unknown[0]!r}; there are {', '.join(NAMES)}")
    if nfe is None:
        params = SamplerParams.from_buffer_copy(own)
    else:
        clash = {"solver", "order", "steps", "discretization", "rho", "sigmas"} & set(given)
        if clash:
            raise TypeError(f"nfe picks solver, steps and levels; not with {sorted(clash)[0]}")
        params = library.cedm_sampler_params_nfe(_count("nfe", nfe))
        params.guidance = own.guidance
    _change(params, given)
    return params
