"""Silences inside the translation: the gaps between pieces that were heard.

A gap is the stretch from the end of a piece to the start of the next where the next was not ready;
the silence before the first piece is none, and a pause inside a piece is speech.

``DiscontinuitySum`` ``Ave`` ``Num``   SimulEval 1.1.4's
``DiscontinuityP50`` ``P95`` ``Max``   of a recording's gaps, by the inverse of their empirical
                                       distribution (0 without any); recordings are averaged
``SilenceRatio``                       gaps / time from the first sound to the last
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.timed import SPEECH, PlaybackMetric
from s2st_bench.timeline import Played
from s2st_bench.types import MetricSpec

_NOISE_S = 1e-9


def gaps(heard: Sequence[Played]) -> Floats:
    """Milliseconds of each gap, ``float64[n]``."""
    starts = np.array([played.start_s for played in heard[1:]])
    ends = np.array([played.end_s for played in heard[:-1]])
    silent = starts - ends
    return np.asarray(1000.0 * silent[silent > _NOISE_S])


class DiscontinuitySum(PlaybackMetric):
    """Silence in all."""

    spec = MetricSpec("DiscontinuitySum", "ms", False, SPEECH, ("CU", "CA"), "SimulEval 1.1.4")

    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        return float(gaps(heard).sum())


class DiscontinuityAve(PlaybackMetric):
    """Mean length of a gap; 0 without any."""

    spec = MetricSpec("DiscontinuityAve", "ms", False, SPEECH, ("CU", "CA"), "SimulEval 1.1.4")

    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        found = gaps(heard)
        return float(found.mean()) if len(found) else 0.0


class DiscontinuityNum(PlaybackMetric):
    """Number of gaps."""

    spec = MetricSpec("DiscontinuityNum", "", False, SPEECH, ("CU", "CA"), "SimulEval 1.1.4")

    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        return float(len(gaps(heard)))


class _Quantile(PlaybackMetric):
    """The smallest gap that at least ``percent`` of a recording's gaps do not exceed."""

    percent: ClassVar[float]

    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        found = gaps(heard)
        if not len(found):
            return 0.0
        return float(np.percentile(found, self.percent, method="inverted_cdf"))


def _spec(name: str) -> MetricSpec:
    return MetricSpec(name, "ms", False, SPEECH, ("CU", "CA"), "s2st_bench")


class DiscontinuityP50(_Quantile):
    """Median gap."""

    spec = _spec("DiscontinuityP50")
    percent = 50.0


class DiscontinuityP95(_Quantile):
    """95th percentile of the gaps."""

    spec = _spec("DiscontinuityP95")
    percent = 95.0


class DiscontinuityMax(_Quantile):
    """The longest gap."""

    spec = _spec("DiscontinuityMax")
    percent = 100.0


class SilenceRatio(PlaybackMetric):
    """Share of silence between the first sound and the last."""

    spec = MetricSpec("SilenceRatio", "", False, SPEECH, ("CU", "CA"), "s2st_bench")

    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        span = heard[-1].end_s - heard[0].start_s
        if not span > _NOISE_S:
            return Unscored("no output")
        return float(gaps(heard).sum()) / (1000.0 * span)
