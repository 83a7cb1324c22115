"""Prosody of speech: pitch, level and pauses, measured without a model.

========== =======================================================================================
F0-Median  median of F0 over pitched frames (:mod:`.pitch`), Hz
F0-Range   from its 5th to its 95th percentile, semitones: 12 log2(high / low)
Level      RMS level of active frames (:mod:`.activity`), dB re full scale
Level-SD   standard deviation of active frames' levels, dB
PauseRate  pauses of 0.3 s and more between phrases, a minute of speech and pauses
PauseMean  their mean length, ms (0 without any)
PauseShare their part of the time from the first phrase to the last, %
========== =======================================================================================

The speech-to-pause ratio is (100 - PauseShare) / PauseShare; the share also exists without pauses.
All are of the gapless output: pauses that the voice makes, not the listener's wait for the system,
which the metrics of the listener's timeline measure.  They describe: no value is better as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from s2st_bench.metric import Unscored
from s2st_bench.types import MetricSpec, Samples

from . import activity, pitch
from .activity import Phrase
from .proxy import Features, Proxy
from .sides import RATE_HZ

_LEAST_VOICED = 10
_SPEECH = frozenset({"speech"})
_YIN = "YIN, doi:10.1121/1.1458024"
_ENERGY = "energy rule of metrics/naturalness"
_RULE = {"active": f">{activity.FLOOR_DB:g}dBFS,>p95-{activity.BELOW_LOUD_DB:g}dB"}


def pitch_features(samples: Samples, rate_hz: int) -> Features:
    """``f0_median`` and ``f0_range``; empty with less than 10 pitched frames (0.1 s)."""
    found = pitch.f0(samples, rate_hz)
    voiced = found[np.isfinite(found)]
    if len(voiced) < _LEAST_VOICED:
        return {}
    low, middle, high = np.percentile(voiced, [5, 50, 95]).tolist()
    return {"f0_median": middle, "f0_range": float(12.0 * np.log2(high / low))}


def level_features(samples: Samples, rate_hz: int) -> Features:
    """``level`` and ``level_sd``; empty where no frame is active."""
    level = activity.levels(samples, rate_hz)
    loud = level[activity.active(level)]
    if not len(loud):
        return {}
    mean_db = 10.0 * np.log10(np.mean(10.0 ** (loud / 10.0)))
    return {"level": float(mean_db), "level_sd": float(np.std(loud))}


def pause_features(phrases: Sequence[Phrase]) -> Features:
    """``pause_rate``, ``pause_mean`` and ``pause_share``; empty without phrases."""
    if not phrases:
        return {}
    whole_s = phrases[-1].end_s - phrases[0].start_s
    pauses_s = [b.start_s - a.end_s for a, b in zip(phrases[:-1], phrases[1:], strict=True)]
    return {
        "pause_rate": 60.0 * len(pauses_s) / whole_s,
        "pause_mean": 1000.0 * float(np.mean(pauses_s)) if pauses_s else 0.0,
        "pause_share": 100.0 * sum(pauses_s) / whole_s,
    }


class _Pitch(Proxy):
    def examine(self, samples: Samples) -> Features | Unscored:
        return pitch_features(samples, RATE_HZ) or Unscored("less than 0.1 s with a pitch")

    def kind(self) -> str:
        return "prosody-pitch"

    def signature(self) -> Mapping[str, str]:
        return {"f0": f"yin({pitch.LOWEST_HZ:g}-{pitch.HIGHEST_HZ:g}Hz,{pitch.THRESHOLD:g})"}


class _Level(Proxy):
    def examine(self, samples: Samples) -> Features | Unscored:
        return level_features(samples, RATE_HZ) or Unscored("no sound above -60 dBFS")

    def kind(self) -> str:
        return "prosody-level"

    def signature(self) -> Mapping[str, str]:
        return _RULE


class _Pauses(Proxy):
    def examine(self, samples: Samples) -> Features | Unscored:
        found = pause_features(activity.phrases(samples, RATE_HZ))
        return found or Unscored("no phrase of 0.1 s or more")

    def kind(self) -> str:
        return "prosody-pauses"

    def signature(self) -> Mapping[str, str]:
        return {**_RULE, "pause": f"{activity.PAUSE_S:g}s"}


class F0Median(_Pitch):
    """How high the voice is."""

    spec = MetricSpec("F0-Median", "Hz", None, _SPEECH, source=_YIN)
    feature = "f0_median"
    proxy_for = "how high listeners hear the voice"


class F0Range(_Pitch):
    """How much the melody moves."""

    spec = MetricSpec("F0-Range", "semitones", None, _SPEECH, source=_YIN)
    feature = "f0_range"
    proxy_for = "how lively listeners hear the melody"


class Level(_Level):
    """How loud speech is."""

    spec = MetricSpec("Level", "dBFS", None, _SPEECH, source=_ENERGY)
    feature = "level"
    proxy_for = "how loud listeners hear the voice"


class LevelSD(_Level):
    """How much loudness moves."""

    spec = MetricSpec("Level-SD", "dB", None, _SPEECH, source=_ENERGY)
    feature = "level_sd"
    proxy_for = "how much emphasis listeners hear"


class PauseRate(_Pauses):
    """How often the voice pauses."""

    spec = MetricSpec("PauseRate", "1/min", None, _SPEECH, source=_ENERGY)
    feature = "pause_rate"
    proxy_for = "how broken listeners hear the delivery"


class PauseMean(_Pauses):
    """How long its pauses are."""

    spec = MetricSpec("PauseMean", "ms", None, _SPEECH, source=_ENERGY)
    feature = "pause_mean"
    proxy_for = "how hesitant listeners hear the delivery"


class PauseShare(_Pauses):
    """How much of the time is pause."""

    spec = MetricSpec("PauseShare", "%", None, _SPEECH, source=_ENERGY)
    feature = "pause_share"
    proxy_for = "how slow or broken listeners hear the delivery"
