"""Intervals for one or two talks: moving blocks of neighbouring segments (Künsch 1989).

One talk says nothing of other talks.  What can be said is how far the number would move if the
same talk had gone on in the same way: runs of ``l`` neighbouring segments are drawn with
replacement inside each talk until it is full again, so that what neighbours share is kept.  The
interval is marked ``conditional on this talk`` and must not be read as one over talks.

``l`` is 2 n^(1/3) for a talk of n segments; the bootstrap's variance is multiplied by n / (n - l),
as overlapping blocks spread too little, and Student's t has Σ n / l - (number of talks) degrees
of freedom.  By simulation this covers at least 93 % for neighbours correlated up to 0.4.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from s2st_bench import stats, student
from s2st_bench.metric import Floats

FEWEST_SEGMENTS = 8
"""A talk of fewer has no interval of this kind."""
MOST_TALKS = 2
"""From three talks on, the talks themselves are resampled."""


def applies(talks: npt.NDArray[np.intp]) -> bool:
    """Whether there are one or two talks, each long enough; ``talks`` as ``intp[n]``."""
    sizes = np.bincount(talks)
    sizes = sizes[sizes > 0]
    return 0 < len(sizes) <= MOST_TALKS and bool((sizes >= FEWEST_SEGMENTS).all())


def block_length(n: int) -> int:
    """Segments in a block for a talk of n."""
    return max(1, round(2.0 * math.cbrt(n)))


def moving_block_t(
    statistic: stats.Statistic,
    talks: npt.NDArray[np.intp],
    *,
    n_resamples: int = stats.RESAMPLES,
    seed: int = stats.SEED,
) -> stats.Interval | None:
    """Estimate ± t × moving-block bootstrap standard error.

    Parameters
    ----------
    statistic
        Weights of segments ``float64[b, n]`` to values; segments stand in the order of speech.
    talks
        ``intp[n]``, each segment's talk.
    """
    if not applies(talks):
        return None
    weights, dof, inflation = _resamples(talks, n_resamples, np.random.default_rng(seed))
    estimate = float(statistic(np.ones((1, len(talks))))[0])
    half = float(student.quantile(0.975, dof)) * math.sqrt(
        float(np.var(statistic(weights))) * inflation
    )
    if not (math.isfinite(estimate) and math.isfinite(half)):
        return None
    method = f"moving-block-t({n_resamples}; conditional on this talk)"
    return stats.Interval(estimate - half, estimate + half, method, seed)


def _resamples(
    talks: npt.NDArray[np.intp], n_resamples: int, rng: np.random.Generator
) -> tuple[Floats, float, float]:
    """Weights ``float64[b, n]``, degrees of freedom, and what the variance is multiplied by."""
    weights = np.zeros((n_resamples, len(talks)))
    dof = shrunk = 0.0
    for talk in np.unique(talks):
        members = np.flatnonzero(talks == talk)
        n, length = len(members), block_length(len(members))
        n_blocks = math.ceil(n / length)
        starts = rng.integers(n - length + 1, size=(n_resamples, n_blocks, 1))
        drawn = (starts + np.arange(length)).reshape(n_resamples, -1)[:, :n]
        drawn = drawn + np.arange(n_resamples)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=n_resamples * n)
        weights[:, members] = counts.reshape(n_resamples, n)
        dof += n / length - 1
        shrunk += n * (1 - length / n)
    return weights, max(1.0, dof), len(talks) / shrunk
