"""What a model hands to a rule, checked once: a model that broke must not look like a policy."""

from __future__ import annotations

import numpy as np

from s2st_bench.errors import InputError

from .rule import Floats


def probabilities(rule: str, p: Floats, ndim: int) -> Floats:
    """``p`` as an array of ``ndim`` axes with values from 0 to 1.

    Raises
    ------
    InputError
        It is not.
    """
    p = np.asarray(p)
    if p.ndim != ndim:
        raise InputError(f"{rule}: p_choose has {ndim} axes, not the shape {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise InputError(f"{rule}: p_choose holds values outside 0 … 1 (or NaN)")
    return p
