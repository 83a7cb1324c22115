"""What a model hands to a rule, checked once: a model that broke must not look like a policy."""

from __future__ import annotations

import numpy as np

from s2st_bench.errors import InputError

from .rule import Floats


def probabilities(rule: str, p: Floats, *ndims: int) -> Floats:
    """``p`` as an array with one of ``ndims`` numbers of axes and values from 0 to 1.

    Raises
    ------
    InputError
        It is not.
    """
    p = np.asarray(p)
    if p.ndim not in ndims:
        wanted = " or ".join(map(str, ndims))
        raise InputError(f"{rule}: p_choose has {wanted} axes, not the shape {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise InputError(f"{rule}: p_choose holds values outside 0 … 1 (or NaN)")
    return p
