"""Averages of lag over the units of one hypothesis, as pure functions of arrays.

Conventions
-----------
times
    ``float64[n]``, n >= 1: when each unit was emitted (delays, or elapsed for the aware variants),
    from the start of the source; they need not increase.
source_length
    S > 0, in the same unit: milliseconds of audio, or tokens of text.
reference_length
    R > 0 units, the same units as the hypothesis is counted in.

Results are in the unit of the times; AP is a proportion.  Element i below counts from 1.

Metrics
-------
``al``    Average Lagging (Ma et al. 2019, arXiv:1810.08398; R after SimulEval, arXiv:2007.16193)
``laal``  Length-Adaptive AL (Polák et al. 2022; Papi et al. 2022, arXiv:2206.05807)
``dal``   Differentiable AL (Cherry and Foster 2019; Arivazhagan et al. 2019, arXiv:1906.05218)
``ap``    Average Proportion (Cho and Esipova 2016, arXiv:1606.02012)
``yaal``  Yet Another AL and, with ``end``, LongYAAL (Polák et al. 2025, arXiv:2509.17349)

Each follows the implementation its users know: SimulEval 1.1.4, and OmniSTEval 0.1.10 for YAAL.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from s2st_bench.metric import Floats

DIGITS = 6
"""Milliseconds to the nanosecond: float noise must not make a piece of source of its own."""


def al(times: Floats, source_length: float, reference_length: float) -> float:
    """Mean over i <= tau of d_i - (i - 1) S / R.

    tau is the first unit with d_i >= S, that unit included, or n where none is so late.  A first
    unit after the end (d_1 > S) is returned as it is.
    """
    if times[0] > source_length:
        return float(times[0])
    late = times >= source_length
    tau = int(late.argmax()) + 1 if late.any() else len(times)
    return mean_lag(times[:tau], source_length / reference_length)


def laal(times: Floats, source_length: float, reference_length: float) -> float:
    """AL with max(n, R) units, so that saying more than the reference earns nothing."""
    return al(times, source_length, max(len(times), reference_length))


def dal(times: Floats, source_length: float) -> float:
    """Mean over all i of g_i - (i - 1) S / n with g_i = max(d_i, g_(i-1) + S / n), g_1 = d_1.

    Uses no reference and does not stop at the end of the source.
    """
    # With h_i = g_i - (i - 1) S / n the recursion is a running maximum.
    pace = source_length / len(times)
    return float(np.maximum.accumulate(times - pace * np.arange(len(times))).mean())


def ap(times: Floats, source_length: float, reference_length: float) -> float:
    """Sum of d_i over S R; above 1 for a hypothesis longer than the reference and late."""
    return float(times.sum() / (source_length * reference_length))


def yaal(
    times: Floats, source_length: float, reference_length: float, end: float | None = None
) -> float | None:
    """Mean of d_i - (i - 1) S / max(n, R) over the leading units with d_i < ``end``.

    ``end`` none is S: units at or after the end of the source do not count (short form).  In
    long form it is the end of the recording, from the start of the segment.  None where no unit
    counts.
    """
    limit = source_length if end is None else end
    late = times >= limit
    tau = int(late.argmax()) if late.any() else len(times)
    if not tau:
        return None
    return mean_lag(times[:tau], source_length / max(len(times), reference_length))


def pieces(spans: Floats, piece: float | Floats) -> npt.NDArray[np.int64]:
    """How many pieces of ``piece``, the last one shorter, each span is cut into (for ATD)."""
    return np.asarray(np.ceil(np.round(spans, DIGITS) / piece), dtype=np.int64)


def mean_lag(times: Floats, pace: float) -> float:
    """Mean over all i of d_i - (i - 1) ``pace``, however late."""
    return float((times - pace * np.arange(len(times))).mean())
