"""Percentiles of units pooled over items, and the lag of single units.

A percentile is the inverse of the empirical distribution: the smallest value that at least p per
cent of the units do not exceed.  Diagonal lag of a unit: d_i - (i - 1) S / max(n, R), how far it
is behind a speaker whose words were spread evenly.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from s2st_bench.metric import Floats, Item, Metric, Unscored


def unit_lags(times: Floats, source_length: float, n_units: int) -> Floats:
    """Diagonal lag of each unit, ``float64[n]``; ``n_units`` is max(n, R)."""
    return np.asarray(times - np.arange(len(times)) * (source_length / n_units))


def weighted_percentile(
    values: Floats, weights: Floats, percent: float, owner: npt.NDArray[np.intp] | None = None
) -> Floats:
    """Percentile of ``float64[n]`` under each row of ``float64[b, m]`` weights; NaN without any.

    ``owner``, ``intp[n]``, says whose weight each value has; none: its own, and m is n.
    """
    order = np.argsort(values, kind="stable")
    owners = order if owner is None else owner[order]
    found = np.full(len(weights), np.nan)
    # row by row: a weight for every value of every row would be gigabytes for a large corpus
    for row, weight in enumerate(weights):
        mass = np.cumsum(weight[owners])
        if len(mass) and mass[-1] > 0:
            # A hair less than the wanted mass: a sum of floats must not miss its own share.
            wanted = mass[-1] * percent / 100.0 * (1.0 - 1e-12)
            found[row] = values[order[np.searchsorted(mass, wanted)]]
    return found


class PooledPercentile(Metric):
    """A percentile of units.  Statistics: number of the item's row of values, and their count."""

    percent: ClassVar[float]

    def __init__(self, *, aware: bool = False) -> None:
        super().__init__(aware=aware)
        self._rows: list[Floats] = []

    def prepare(self, items: Sequence[Item]) -> None:
        self._rows = []

    def stats(self, item: Item) -> Floats | Unscored:
        values = self.of_units(item)
        if isinstance(values, Unscored):
            return values
        self._rows.append(values)
        return np.array([len(self._rows) - 1.0, len(values)])

    @abstractmethod
    def of_units(self, item: Item) -> Floats | Unscored:
        """Values of the item's units, ``float64[n]``, or why it has none."""

    def value(self, totals: Floats) -> Floats:
        """A percentile is no function of sums: NaN."""
        return np.full(totals.shape[:-1], np.nan)

    def together(self, other: Metric, stats: Floats, others: Floats) -> tuple[Metric, Floats]:
        if not isinstance(other, PooledPercentile):
            return super().together(other, stats, others)
        joint = copy(self)
        joint._rows = self._rows + other._rows
        moved = others + np.array([len(self._rows), 0.0])
        return joint, np.concatenate([stats, moved])

    def aggregate(self, stats: Floats, weights: Floats) -> Floats:
        rows = [self._rows[int(row)] for row in stats[:, 0]]
        owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        values = np.concatenate(rows) if rows else np.array([])
        return weighted_percentile(values, weights, self.percent, owner)
