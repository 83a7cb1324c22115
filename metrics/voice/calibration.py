"""What a similarity is worth: those of different speakers, and how well they can be told apart.

Scores of *impostor* pairs (two speakers) and *genuine* pairs (one speaker, two recordings).

EER: the error rate at the threshold where as many genuine pairs are refused as impostors accepted;
between two scores the mean of both rates.  Percentile: the share of impostor scores below a value,
ties half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from s2st_bench.metric import Floats

Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech of one known speaker."""

    speaker: str
    recording: str
    group: int
    """Number of the turn it is from."""
    vector: Floats
    """``float64[d]`` at unit length."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Scores of pairs of clips, and the turns they are from; scores rise."""

    scores: Floats
    """``float64[p]``, sorted."""
    genuine: npt.NDArray[np.bool_]
    groups: Ints
    """``intp[p, 2]``."""
    one_session: bool = False
    """Genuine pairs are of one recording: easier than of two."""

    @property
    def impostors(self) -> Floats:
        """Their scores, sorted."""
        return self.scores[~self.genuine]


def pairs_between(first: Sequence[Clip], second: Sequence[Clip]) -> Pairs:
    """Each of ``first`` with each of ``second`` (source and target speech)."""
    rows = [(i, j) for i in range(len(first)) for j in range(len(second))]
    return _pairs(first, second, rows)


def pairs_within(clips: Sequence[Clip]) -> Pairs:
    """Each clip with each later one, without two of one recording.

    Where no speaker has two recordings, genuine pairs are of one recording after all.
    """
    every = [(i, j) for j in range(len(clips)) for i in range(j)]
    apart = [(i, j) for i, j in every if clips[i].recording != clips[j].recording]
    if any(clips[i].speaker == clips[j].speaker for i, j in apart):
        return _pairs(clips, clips, apart)
    with_same = [
        (i, j) for i, j in every
        if clips[i].recording != clips[j].recording or clips[i].speaker == clips[j].speaker]
    return replace(_pairs(clips, clips, with_same), one_session=True)


def _pairs(
    first: Sequence[Clip], second: Sequence[Clip], rows: Sequence[tuple[int, int]]
) -> Pairs:
    if not rows:
        return Pairs(np.zeros(0), np.zeros(0, np.bool_), np.zeros((0, 2), np.intp))
    index = np.array(rows, dtype=np.intp)
    similarity = np.stack([c.vector for c in first]) @ np.stack([c.vector for c in second]).T
    scores = similarity[index[:, 0], index[:, 1]]
    genuine = np.array([first[i].speaker == second[j].speaker for i, j in rows])
    groups = np.array([[first[i].group, second[j].group] for i, j in rows], dtype=np.intp)
    order = np.argsort(scores, kind="stable")
    return Pairs(scores[order], genuine[order], groups[order])


def evenly(n: int, most: int) -> list[int]:
    """At most ``most`` of the numbers below ``n``, evenly spread."""
    if n <= most:
        return list(range(n))
    return [int(i) for i in np.linspace(0, n - 1, most).round()]


def percentile_of(value: float, impostors: Floats) -> float:
    """Percent of sorted ``float64[n]`` below ``value``, ties half."""
    below = np.searchsorted(impostors, value, "left") + np.searchsorted(impostors, value, "right")
    return float(50.0 * below / len(impostors))


def equal_error_rate(pairs: Pairs, weights: Floats | None = None) -> float:
    """Percent; NaN without pairs of both kinds.

    ``weights`` are how often each pair counts, ``float64[p]``; none: once.
    """
    weight = np.ones(len(pairs.scores)) if weights is None else weights
    wanted, others = np.where(pairs.genuine, weight, 0.0), np.where(pairs.genuine, 0.0, weight)
    if not wanted.any() or not others.any():
        return float("nan")
    last = np.append(np.diff(pairs.scores) > 0, True)  # equal scores fall together
    refused = np.append(0.0, np.cumsum(wanted)[last] / wanted.sum())
    accepted = np.append(1.0, 1.0 - np.cumsum(others)[last] / others.sum())
    best = int(np.argmin(np.abs(refused - accepted)))
    return float(50.0 * (refused[best] + accepted[best]))
