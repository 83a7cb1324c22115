"""Silences inside the translation: the gaps between pieces that were heard.

SimulEval 1.1.4's Discontinuity metrics.  A gap is the stretch from the end of a piece to the start
of the next where the next was not ready; the silence before the first piece is none.
"""

from __future__ import annotations

from collections.abc import Sequence

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
