"""The averages of ``formulas`` for many hypotheses at once.

``Padded`` holds one hypothesis a row; results are ``float64[m]``.  The definitions, and the tests
that hold both to the same numbers, are those of ``formulas``.
"""

from __future__ import annotations

import numpy as np

from s2st_bench.batch import Padded
from s2st_bench.metric import Floats


def al_of(padded: Padded, reference_length: Floats) -> Floats:
    """``formulas.al``; with max(n, R) for R it is ``formulas.laal``."""
    if not padded.times.size:
        return np.zeros(0)
    tau, total = padded.until_end
    lag = total / tau - padded.source_length / reference_length * (tau - 1) / 2
    first = padded.times[:, 0]
    return np.where(first > padded.source_length, first, lag)


def dal_of(padded: Padded) -> Floats:
    """``formulas.dal``."""
    pace = padded.source_length / padded.counts
    lag = padded.times - pace[:, None] * np.arange(padded.times.shape[1])
    np.maximum.accumulate(lag, axis=1, out=lag)
    return np.asarray(np.einsum("ij,ij->i", lag, padded.inside) / padded.counts)


def ap_of(padded: Padded, reference_length: Floats) -> Floats:
    """``formulas.ap``."""
    return np.asarray(padded.times.sum(axis=1) / (padded.source_length * reference_length))
