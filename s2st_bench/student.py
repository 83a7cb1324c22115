"""Student's t distribution for real degrees of freedom, on arrays.

With t = √dof tan x the density becomes a power of cos x, which Gauss-Legendre integrates to
about twelve digits.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import UsageError

Floats = npt.NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(100)  # type: ignore[no-untyped-call]
_FAR = 8.0
"""Beyond it the tail is integrated, as one minus the body would be all rounding."""


def quantile(p: float, dof: npt.ArrayLike) -> Floats:
    """The t that P(T <= t) = p, 0.5 <= p < 1; of the shape of ``dof``, each at least 1."""
    wanted = np.asarray(dof, dtype=np.float64)
    if not 0.5 <= p < 1 or not (wanted >= 1).all():
        raise UsageError(f"t quantile: p={p} or dof={dof!r} is outside 0.5 <= p < 1, dof >= 1")
    low, high = np.zeros_like(wanted), np.ones_like(wanted)
    while (short := _below(high, wanted) < p).any():
        high = np.where(short, high * 2, high)
    while (high - low > 1e-12 * high).any():
        middle = (low + high) / 2
        below = _below(middle, wanted) < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def two_sided(t: npt.ArrayLike, dof: npt.ArrayLike) -> Floats:
    """P(|T| >= |t|); NaN for NaN."""
    size, degrees = np.broadcast_arrays(
        np.abs(np.asarray(t, dtype=np.float64)), np.asarray(dof, dtype=np.float64)
    )
    tail = _mass(np.arctan(size / np.sqrt(degrees)), np.full(size.shape, math.pi / 2), degrees)
    return np.where(size > _FAR, 2 * tail, 2 * (1 - _below(size, degrees)))


def _below(t: Floats, dof: Floats) -> Floats:
    """P(T <= t) for t >= 0."""
    return 0.5 + _mass(np.zeros_like(t), np.arctan(t / np.sqrt(dof)), dof)


def _mass(low: Floats, high: Floats, dof: Floats) -> Floats:
    """Probability between two angles."""
    log_gamma = np.vectorize(math.lgamma, otypes=[np.float64])
    scale = np.exp(log_gamma((dof + 1) / 2) - log_gamma(dof / 2)) / math.sqrt(math.pi)
    half = (high - low) / 2
    powers = np.cos(low[..., None] + (_NODES + 1) * half[..., None]) ** (dof[..., None] - 1)
    return np.asarray(scale * half * (powers @ _WEIGHTS))
