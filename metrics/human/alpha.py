"""Krippendorff's alpha: how far judges agree, beyond chance.

alpha = 1 - observed / expected disagreement (Krippendorff 2011, "Computing Krippendorff's
Alpha-Reliability").  1: they always agree; 0: as if scores had been dealt out at random.  Any
number of judges; a unit counts with those who judged it, if they are two or more.

Disagreement of two values: ``nominal`` 0 if they are equal, else 1; ``interval`` their squared
difference; ``ordinal`` the squared number of judgements that lie between them, each of the two
values' own counted half.

Everything is read off sums over units, so that units can be weighted: a row of counts per unit.
*Pairs* (nominal, ordinal): the unit's coincidence matrix over the values of ``scale``, flattened,
``float64[v * v]``.  *Moments* (interval), ``float64[4]``: its squared differences over the number
of its judges - 1, its judgements, their sum and their sum of squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from s2st_bench.metric import Floats

Level = Literal["nominal", "ordinal", "interval"]


def alpha(units: Sequence[Sequence[float]], level: Level = "nominal") -> float:
    """Alpha of the judgements of each unit; NaN where it is undefined (no two values differ)."""
    if level == "interval":
        total = np.sum([moments(unit) for unit in units], axis=0)
        return float(interval_alpha(np.atleast_2d(total))[0])
    scale = sorted({value for unit in units for value in unit})
    total = np.sum([pairs(unit, scale) for unit in units], axis=0)
    return float(pairs_alpha(np.atleast_2d(total), level)[0])


def pairs(values: Sequence[float], scale: Sequence[float]) -> Floats:
    """A unit's coincidences over ``scale``, which holds all values."""
    counts = np.zeros(len(scale))
    if len(values) > 1:
        place = {value: index for index, value in enumerate(scale)}
        np.add.at(counts, [place[value] for value in values], 1.0)
    matrix = np.outer(counts, counts) - np.diag(counts)
    return np.asarray(matrix.ravel() / max(1, len(values) - 1))


def moments(values: Sequence[float]) -> Floats:
    """A unit's sums; all 0 where fewer than two judged it."""
    n = len(values)
    if n < 2:
        return np.zeros(4)
    x = np.asarray(values, dtype=np.float64)
    # Of the distances from the mean: large scores must not cancel.
    within = 2.0 * n * float(((x - x.mean()) ** 2).sum()) / (n - 1)
    return np.array([within, float(n), float(x.sum()), float((x**2).sum())])


def pairs_alpha(totals: Floats, level: Level) -> Floats:
    """Alpha of summed coincidences, ``float64[..., v * v]`` to ``float64[...]``."""
    size = round(totals.shape[-1] ** 0.5)
    together = totals.reshape(*totals.shape[:-1], size, size)
    of_value = together.sum(axis=-1)
    n = of_value.sum(axis=-1)
    apart = _apart(of_value, level)
    observed = (together * apart).sum(axis=(-2, -1))
    chance = (of_value[..., :, None] * of_value[..., None, :] * apart).sum(axis=(-2, -1))
    return _one_minus(observed * (n - 1.0), chance)


def interval_alpha(totals: Floats) -> Floats:
    """Alpha of summed moments, ``float64[..., 4]`` to ``float64[...]``."""
    within, n, total, squares = np.moveaxis(totals, -1, 0)
    chance = 2.0 * (n * squares - total**2)
    # What is left of equal values is rounding.
    chance = np.where(chance > 1e-9 * n * squares, chance, 0.0)
    return _one_minus(within * (n - 1.0), chance)


def _apart(of_value: Floats, level: Level) -> Floats:
    """Disagreement of each two values, given how often each occurs."""
    size = of_value.shape[-1]
    if level == "nominal":
        return np.asarray(1.0 - np.eye(size))
    upto = np.cumsum(of_value, axis=-1) - of_value / 2.0
    return np.asarray((upto[..., :, None] - upto[..., None, :]) ** 2)


def _one_minus(observed: Floats, chance: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(chance > 0, 1.0 - observed / chance, np.nan))
