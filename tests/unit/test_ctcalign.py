"""Forced alignment on CTC against all paths there are, and against planted answers."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.ctcalign import frames_needed, label_frames
from s2st_bench.errors import NotAligned

BLANK = 0


def best_by_trying(log_probs: np.ndarray, labels: list[int]) -> float:
    """Score of the best of all paths that say ``labels``."""
    best = -np.inf
    for path in product(range(log_probs.shape[1]), repeat=len(log_probs)):
        said = [label for label, _ in groupby(path) if label != BLANK]
        if said == labels:
            best = max(best, float(sum(log_probs[t, label] for t, label in enumerate(path))))
    return best


def score(log_probs: np.ndarray, labels: list[int], frames: np.ndarray) -> float:
    """Of the path in which each label is said in its frames, and blank in all others."""
    path = np.full(len(log_probs), BLANK)
    for label, (first, after) in zip(labels, frames, strict=True):
        path[first:after] = label
    return float(log_probs[np.arange(len(path)), path].sum())


@given(st.integers(1, 6), st.lists(st.integers(1, 2), max_size=4), st.integers(0, 2**32 - 1))
def test_finds_the_best_of_all_paths(n_frames: int, labels: list[int], seed: int) -> None:
    log_probs = np.random.default_rng(seed).normal(size=(n_frames, 3)).astype(np.float32)
    if n_frames < frames_needed(labels):
        with pytest.raises(NotAligned, match="frames"):
            label_frames(log_probs, labels, BLANK)
        return
    frames = label_frames(log_probs, labels, BLANK)
    assert (frames[:, 0] < frames[:, 1]).all()
    assert (frames[1:, 0] >= frames[:-1, 1]).all()
    assert score(log_probs, labels, frames) == pytest.approx(
        best_by_trying(log_probs, labels), abs=1e-4
    )


def test_planted_labels_are_found_where_they_are() -> None:
    """Long enough that many blocks of scores are passed on the way back."""
    rng = np.random.default_rng(0)
    labels = rng.integers(1, 20, 300).tolist()
    firsts = np.cumsum(rng.integers(2, 30, 300))
    log_probs = np.full((int(firsts[-1]) + 40, 20), -9.0, np.float32)
    log_probs[:, BLANK] = -0.01
    log_probs[firsts] = -9.0
    log_probs[firsts, labels] = -0.01
    frames = label_frames(log_probs, labels, BLANK)
    assert frames[:, 0].tolist() == firsts.tolist()
    assert frames[:, 1].tolist() == (firsts + 1).tolist()


def test_nothing_to_say_and_nothing_to_hear() -> None:
    assert label_frames(np.zeros((5, 3), np.float32), [], BLANK).shape == (0, 2)
    assert label_frames(np.zeros((0, 3), np.float32), [], BLANK).shape == (0, 2)
    with pytest.raises(NotAligned, match="3 labels need at least 4 frames, the speech has 0"):
        label_frames(np.zeros((0, 3), np.float32), [1, 1, 2], BLANK)


def test_a_label_that_cannot_be_is_refused() -> None:
    log_probs = np.zeros((4, 3), np.float32)
    log_probs[:, 2] = -np.inf
    with pytest.raises(NotAligned, match="no path"):
        label_frames(log_probs, [1, 2], BLANK)
