"""Forced alignment on the output of CTC: which frames say each label of a known sequence.

The best path of Graves et al. 2006 through blank, l_1, blank, l_2, …, l_L, blank: a frame stays on
its state, moves to the next one, or skips the blank between two labels that differ.

Exact, in O(T (2 L + 1)) time and O(sqrt(T) (2 L + 1)) memory: scores are kept at every sqrt(T)-th
frame only, and the steps in between are taken again on the way back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import NotAligned

LogProbs = npt.NDArray[np.float32]
"""``float32[T, V]``: log-probability of each of V labels at each of T frames."""
Ints = npt.NDArray[np.int64]


def label_frames(log_probs: LogProbs, labels: Sequence[int], blank: int) -> Ints:
    """First frame of each label and the one after its last, ``int64[L, 2]``.

    Raises
    ------
    NotAligned
        There are fewer frames than the labels need.
    """
    states = _states(log_probs, labels, blank)
    found = np.zeros((len(labels), 2), dtype=np.int64)
    if not len(labels):
        return found
    odd = np.flatnonzero(states % 2)
    of_label = states[odd] // 2
    found[:, 0] = odd[np.searchsorted(of_label, np.arange(len(labels)), side="left")]
    found[:, 1] = odd[np.searchsorted(of_label, np.arange(len(labels)), side="right") - 1] + 1
    return found


def frames_needed(labels: Sequence[int]) -> int:
    """One for each label, and one for the blank between two that are the same."""
    return len(labels) + sum(a == b for a, b in zip(labels, labels[1:], strict=False))


def _states(log_probs: LogProbs, labels: Sequence[int], blank: int) -> Ints:
    """The best path, ``int64[T]``: state 2 i + 1 is label i, even states are blanks."""
    n_frames = len(log_probs)
    if n_frames < frames_needed(labels):
        raise NotAligned(f"{len(labels)} labels need at least {frames_needed(labels)} frames, "
                         f"the speech has {n_frames}")
    if not n_frames:
        return np.zeros(0, dtype=np.int64)
    said = np.full(2 * len(labels) + 1, blank, dtype=np.int64)
    said[1::2] = labels
    may_skip = np.zeros(len(said), dtype=np.bool_)
    may_skip[3::2] = said[3::2] != said[1:-2:2]
    scores = np.full(len(said), -np.inf, dtype=np.float64)
    scores[:2] = log_probs[0, said[:2]]
    size = math.isqrt(n_frames) + 1
    kept = []
    for start in range(1, n_frames, size):
        kept.append(scores)
        scores, _ = _advance(scores, log_probs[start : start + size], said, may_skip)
    last = max(range(max(0, len(said) - 2), len(said)), key=lambda s: float(scores[s]))
    if not np.isfinite(scores[last]):
        raise NotAligned("no path through the speech says these labels")
    path = np.empty(n_frames, dtype=np.int64)
    path[-1] = state = last
    for block in range(len(kept) - 1, -1, -1):
        start = 1 + block * size
        _, moves = _advance(kept[block], log_probs[start : start + size], said, may_skip)
        for row in range(len(moves) - 1, -1, -1):
            state -= int(moves[row, state])
            path[start + row - 1] = state
    return path


def _advance(
    scores: npt.NDArray[np.float64], log_probs: LogProbs, said: Ints,
    may_skip: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    """Scores after the frames, and how many states each frame moved, ``int8[frames, states]``."""
    moves = np.zeros((len(log_probs), len(said)), dtype=np.int8)
    for row, frame in enumerate(log_probs):
        best = scores.copy()
        better = scores[:-1] > best[1:]
        best[1:][better] = scores[:-1][better]
        moves[row, 1:][better] = 1
        better = may_skip[2:] & (scores[:-2] > best[2:])
        best[2:][better] = scores[:-2][better]
        moves[row, 2:][better] = 2
        scores = best + frame[said]
    return scores, moves
