"""How well the judges agree: Krippendorff's alpha of a sheet, with an interval over clusters.

``HumanVIP-alpha``, ``HumanSVIP-alpha``  nominal
``HumanDA-alpha``                        interval, or ordinal (whole numbers)
``HumanMQM-alpha``                       interval

A description of the judgements, no merit of the system.  Krippendorff (2004) asks for 0.8 before
conclusions are drawn, and leaves what is below 0.667 alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from s2st_bench.errors import InputError
from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.types import MetricSpec

from .alpha import Level, interval_alpha, moments, pairs, pairs_alpha
from .judged import JudgedMetric
from .scores import Weights, mqm
from .sheet import Judgement, percentage, scores, yes_or_no

_SOURCE = "Krippendorff 2011"


class Agreement(JudgedMetric):
    """Alpha over fragments.  Statistics: a row of :mod:`.alpha` summed over an item's fragments."""

    level: Level
    values: Sequence[float] = ()
    """All that can be said, where the level is not ``interval``."""

    def stats(self, item: Item) -> Floats | Unscored:
        found = [values for values in self.fragments(item) if len(values) > 1]
        if not found:
            return Unscored("fewer than two raters")
        rows = [moments(v) if self.level == "interval" else pairs(v, self.values) for v in found]
        return np.asarray(np.sum(rows, axis=0))

    def value(self, totals: Floats) -> Floats:
        if self.level == "interval":
            return interval_alpha(totals)
        return pairs_alpha(totals, self.level)

    def aggregate(self, stats: Floats, weights: Floats) -> Floats:
        # Of its own, so that the interval is the bootstrap's, as alpha's customarily is.
        return self.value(weights @ stats)

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "alpha": self.level}


class HumanVIPAlpha(Agreement):
    """Of fragments that came across as text."""

    spec = MetricSpec("HumanVIP-alpha", "", None, source=_SOURCE)
    level = "nominal"
    values = (0.0, 1.0)

    def read(self, sheet: Path) -> tuple[Judgement, ...]:
        return scores(sheet, yes_or_no)


class HumanSVIPAlpha(HumanVIPAlpha):
    """Of fragments that came across as speech."""

    spec = MetricSpec("HumanSVIP-alpha", "", None, source=_SOURCE)


class HumanDAAlpha(Agreement):
    """Of direct assessment."""

    spec = MetricSpec("HumanDA-alpha", "", None, source=_SOURCE)
    values = tuple(map(float, range(101)))

    def __init__(
        self, sheet: Path, *, aware: bool = False, system: str = "", partial: bool = False,
        level: Literal["interval", "ordinal"] = "interval",
    ) -> None:
        self.level = level
        super().__init__(sheet, aware=aware, system=system, partial=partial)

    def read(self, sheet: Path) -> tuple[Judgement, ...]:
        found = scores(sheet, percentage)
        for one in found:
            if self.level == "ordinal" and one.value != round(one.value):
                raise InputError(f"{sheet}:{one.line}: {one.value:g} is no whole number: take "
                                 f"{self.spec.name}.level=interval")
        return found


class HumanMQMAlpha(Agreement):
    """Of penalties."""

    spec = MetricSpec("HumanMQM-alpha", "", None, source=_SOURCE)
    level = "interval"

    def __init__(
        self, sheet: Path, *, aware: bool = False, system: str = "", partial: bool = False,
        weights: Weights = "core",
    ) -> None:
        self.weights: Weights = weights
        super().__init__(sheet, aware=aware, system=system, partial=partial)

    def read(self, sheet: Path) -> tuple[Judgement, ...]:
        return mqm(sheet, self.weights)

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "mqm": self.weights}
