"""Human judgements as metrics.

``HumanVIP``, ``HumanSVIP``  share of fragments whose information came across, in text and in speech
                             (valid information proportion: arXiv:2407.21646, arXiv:2507.17527);
                             judgements are 1 or 0
``HumanDA``                  direct assessment, 0 to 100 (Graham et al. 2017), raw
``HumanMQM``                 penalties of an item's errors (multidimensional quality metrics)

The value is the mean over fragments of the mean over a fragment's raters.  Items that nobody
judged have none: the counts say so.  Statistics, ``float64[2]``: sum over fragments, fragments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.types import MetricSpec

from .alpha import Level, alpha
from .judged import JudgedMetric
from .sheet import Judgement, penalties, percentage, scores, yes_or_no

Weights = Literal["core", "freitag2021"]
_SEVERITIES: Mapping[Weights, Mapping[str, float]] = MappingProxyType({
    "core": MappingProxyType({"neutral": 0.0, "minor": 1.0, "major": 5.0, "critical": 10.0}),
    "freitag2021": MappingProxyType({"neutral": 0.0, "minor": 1.0, "major": 5.0}),
})
_CLEAN = frozenset({"none", "no-error", "no error"})


class HumanScore(JudgedMetric):
    """A mean of judgements."""

    scale = 1.0
    """What judgements are multiplied by."""
    level: Level = "interval"
    """Of agreement."""

    def stats(self, item: Item) -> Floats | Unscored:
        fragments = self.fragments(item)
        if not fragments:
            return Unscored("not judged")
        means = [float(np.mean(values)) for values in fragments]
        return np.array([sum(means), len(means)])

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.scale * totals[..., 0] / totals[..., 1])

    def marks(self, items: Sequence[Item]) -> tuple[str, ...]:
        raters = self.raters()
        if raters < 2:
            return ("one rater",)
        found = alpha([values for item in items for values in self.fragments(item)], self.level)
        said = f"alpha {found:.2f}" if np.isfinite(found) else "alpha undefined"
        return (f"{raters} raters", said)


class HumanVIP(HumanScore):
    """Share of fragments that came across as text."""

    spec = MetricSpec("HumanVIP", "%", True, source="arXiv:2407.21646")
    scale = 100.0
    level = "nominal"

    def read(self, sheet: Path) -> tuple[Judgement, ...]:
        return scores(sheet, yes_or_no)


class HumanSVIP(HumanVIP):
    """Share of fragments that came across as speech."""

    spec = MetricSpec("HumanSVIP", "%", True, source="arXiv:2507.17527")


class HumanDA(HumanScore):
    """Direct assessment."""

    spec = MetricSpec("HumanDA", "", True, source="Graham et al. 2017")

    def read(self, sheet: Path) -> tuple[Judgement, ...]:
        return scores(sheet, percentage)


class HumanMQM(HumanScore):
    """Penalty of an item."""

    spec = MetricSpec("HumanMQM", "", False, source="MQM; Freitag et al. 2021")

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


def mqm(sheet: Path, weights: Weights) -> tuple[Judgement, ...]:
    """The penalties of a sheet of errors."""
    return penalties(sheet, lambda severity, category: penalty(severity, category, weights))


def penalty(severity: str, category: str = "", weights: Weights = "core") -> float | None:
    """What an error costs; none for the line that says there is no error.

    ``core``: minor 1, major 5, critical 10.  ``freitag2021`` (arXiv:2104.14478): minor 1, minor
    punctuation 0.1, major 5, non-translation 25.

    Raises
    ------
    ValueError
        A severity that the weights do not know.
    """
    named, kind = severity.strip().casefold(), category.strip().casefold()
    if named in _CLEAN:
        return None
    if weights == "freitag2021":
        if kind.startswith("non-translation"):
            return 25.0
        if named == "minor" and kind.startswith("fluency/punctuation"):
            return 0.1
    known = _SEVERITIES[weights]
    if named not in known:
        raise ValueError(f"{', '.join(known)} or no-error is meant")
    return known[named]
