"""Where there is speech in a signal, by its energy; stretches of it for models of opinion.

Conventions: samples are mono ``float32[n]``; frames are 10 ms, one after another; a level is the
frame's RMS in dB re full scale.  A frame is *active* where its level is above both -60 dBFS and
35 dB below the signal's own loud frames (their 95th percentile): noise at 0 dB below speech is
active too, inserted silence never.  Active frames less than 0.3 s apart are one *phrase*; what
lies between phrases is a *pause*; a phrase under 0.1 s is a click and not speech.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from s2st_bench.metric import Floats
from s2st_bench.types import Samples

FRAME_S = 0.01
FLOOR_DB = -60.0
BELOW_LOUD_DB = 35.0
PAUSE_S = 0.3
CLICK_S = 0.1
MARGIN_S = 0.1
"""Kept of the pause on both sides of a phrase in a stretch; less than half a pause."""
SHORTEST_S, LONGEST_S = 3.0, 10.0
"""Of a stretch."""
LEAST_S = 0.5
"""Of speech in all; with less there is no stretch."""

_SILENT_DB = -200.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Speech between two pauses; seconds from the first sample."""

    start_s: float
    end_s: float


def levels(samples: Samples, rate_hz: int) -> Floats:
    """Level of each whole frame in dBFS, ``float64[frames]``; digital silence is -200."""
    size = max(1, round(FRAME_S * rate_hz))
    count = len(samples) // size
    frames = samples[: count * size].reshape(count, size)
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / size
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (_SILENT_DB / 10.0))))


def active(level: Floats) -> npt.NDArray[np.bool_]:
    """Which frames hold sound, ``bool[frames]``."""
    audible = level[level > FLOOR_DB]
    if not len(audible):
        return np.zeros(len(level), dtype=np.bool_)
    loud = float(np.percentile(audible, 95))
    return np.asarray(level > max(FLOOR_DB, loud - BELOW_LOUD_DB))


def phrases(samples: Samples, rate_hz: int) -> tuple[Phrase, ...]:
    """The phrases of a signal, in order."""
    frames = np.flatnonzero(active(levels(samples, rate_hz)))
    if not len(frames):
        return ()
    frame_s = max(1, round(FRAME_S * rate_hz)) / rate_hz
    breaks = np.flatnonzero(np.diff(frames) * frame_s > PAUSE_S + frame_s / 2)
    first = frames[np.concatenate([[0], breaks + 1])]
    last = frames[np.concatenate([breaks, [len(frames) - 1]])]
    found = (Phrase(float(a * frame_s), float((b + 1) * frame_s))
             for a, b in zip(first, last, strict=True))
    return tuple(p for p in found if p.end_s - p.start_s >= CLICK_S)


def stretches(samples: Samples, rate_hz: int) -> tuple[Samples, ...]:
    """Speech of 3 to 10 s each, cut at pauses.

    Phrases are put together in order while they fit into 10 s, each with 0.1 s of what surrounds
    it in place of its pauses; one longer than 10 s is cut into equal parts.  Stretches under 3 s
    are left out where there is a longer one, and else the only one there is; none where all
    phrases together have less than 0.5 s.
    """
    spans = [span for phrase in phrases(samples, rate_hz) for span in _parts(phrase)]
    if sum(end - start for start, end in spans) < LEAST_S:
        return ()
    groups: list[list[tuple[float, float]]] = []
    room = 0.0
    for start, end in spans:
        if not groups or room < end - start:
            groups.append([])
            room = LONGEST_S
        groups[-1].append((start, end))
        room -= end - start
    made = [_joined(samples, rate_hz, group) for group in groups]
    whole = [s for s in made if len(s) >= SHORTEST_S * rate_hz]
    return tuple(whole or made)


def _parts(phrase: Phrase) -> list[tuple[float, float]]:
    start, end = max(0.0, phrase.start_s - MARGIN_S), phrase.end_s + MARGIN_S
    edges = np.linspace(start, end, 1 + int(np.ceil((end - start) / LONGEST_S))).tolist()
    return list(zip(edges[:-1], edges[1:], strict=True))


def _joined(samples: Samples, rate_hz: int, spans: list[tuple[float, float]]) -> Samples:
    return np.concatenate(
        [samples[round(start * rate_hz) : round(end * rate_hz)] for start, end in spans]
    )
