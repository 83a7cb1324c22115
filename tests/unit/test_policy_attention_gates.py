"""Gates by monotonic attention: MMA against a head-by-head walk, EMMA against Seamless' steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.errors import InputError
from s2st_bench.policy import EMMA, MMAHard, MMAInfiniteLookback, State
from s2st_bench.policy.rule import Floats


def walk(p: Floats) -> list[int]:
    """Where one head of monotonic attention stops for each target unit; p [target, source].

    Raffel et al. 2017, algorithm 1, greedy: from the last stop, on to the first p >= 0.5; the
    source's length if there is none.
    """
    at, stops = 0, []
    for row in p:
        while at < len(row) and row[at] < 0.5:
            at += 1
        stops.append(at)
    return stops


def decode(gate: MMAHard | MMAInfiniteLookback, p: Floats) -> tuple[list[int], list[Floats]]:
    """g(i) and masks for p [target, layers, heads, source], reading one unit at a time."""
    g: list[int] = []
    masks: list[Floats] = []
    target, source = p.shape[0], p.shape[3]
    read = 0
    while len(g) < target:
        i = len(g)
        if gate.may_write(State(read, i, read == source, p_choose=p[i, :, :, :read])):
            masks.append(gate.mask(read))
            g.append(read)
        else:
            read += 1
    return g, masks


shapes = st.tuples(st.integers(1, 8), st.integers(1, 2), st.integers(1, 3), st.integers(1, 9))


@given(shapes, st.integers(0, 2**32 - 1), st.sampled_from([0.3, 1.0, 3.0]))
def test_mma_is_its_heads_walking_alone_and_the_slowest_decides(
    shape: tuple[int, int, int, int], seed: int, sharpness: float
) -> None:
    p = np.random.default_rng(seed).random(shape) ** sharpness
    target, layers, heads, source = shape
    alone = np.array([[walk(p[:, a, b]) for b in range(heads)] for a in range(layers)])
    for kind in (MMAHard, MMAInfiniteLookback):
        g, masks = decode(kind(), p)
        needed = np.minimum(alone.max(axis=(0, 1)) + 1, source)
        assert g == needed.tolist()
        for i, mask in enumerate(masks):
            last = np.minimum(alone[:, :, i], g[i] - 1)
            assert mask.shape == (layers, heads, g[i])
            assert (mask.sum(axis=2) == (1 if kind is MMAHard else last + 1)).all()
            assert np.take_along_axis(mask, last[..., None], 2).all()


@given(st.integers(1, 8), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_one_head_is_monotonic_attention(target: int, source: int, seed: int) -> None:
    p = np.random.default_rng(seed).random((target, source))
    g, _ = decode(MMAHard(), p[:, None, None, :])
    assert g == [min(stop + 1, source) for stop in walk(p)]


def test_mma_by_hand() -> None:
    """Two heads, four positions: unit 1 waits for the second head, unit 2 finds both in place."""
    p = np.array([
        [[[0.9, 0, 0, 0], [0.1, 0.2, 0.8, 0]]],  # stops 0 and 2
        [[[0.1, 0.6, 0, 0], [0.9, 0.9, 0.5, 0]]],  # stops 1 and 2
        [[[0.0, 0.0, 0, 0], [0.0, 0.0, 0.0, 0.7]]],  # none, and 3
    ])  # fmt: skip
    gate = MMAHard()
    g, masks = decode(gate, p)
    assert g == [3, 3, 4]
    assert masks[0].argmax(axis=2).tolist() == [[0, 2]]
    assert masks[1].argmax(axis=2).tolist() == [[1, 2]]
    assert masks[2].argmax(axis=2).tolist() == [[3, 3]]  # what found no stop: the last position
    assert decode(gate.fresh(), p)[0] == g


@pytest.mark.parametrize(("p", "message"), [
    (np.zeros((1, 2)), "3 axes"),
    (np.zeros((1, 2, 3)), r"read=4\], not \(1, 2, 3\)"),
    (np.full((1, 2, 4), np.nan), "outside 0"),
    (np.full((1, 2, 4), 1.5), "outside 0"),
    (np.zeros((2, 2, 4)), "now"),
])  # fmt: skip
def test_what_no_head_can_say_is_refused(p: Floats, message: str) -> None:
    gate = MMAHard()
    gate.may_write(State(2, 0, p_choose=np.zeros((1, 2, 2))))
    with pytest.raises(InputError, match=message):
        gate.may_write(State(4, 0, p_choose=p))


def test_masks_are_for_after_the_question() -> None:
    with pytest.raises(InputError, match="ask may_write first"):
        MMAHard().mask(3)


# --- EMMA ---------------------------------------------------------------------------------------

P = np.array([[0.1, 0.9], [0.5, 0.7], [0.6, 0.8]])
"""[layers, heads]"""


@pytest.mark.parametrize(("params", "expected"), [
    ({"reduce": "min"}, 0.1),
    ({"reduce": "min", "start_layer": 1}, 0.5),
    ({"reduce": "mean"}, 0.6),
    ({"reduce": "mean", "start_layer": 2}, 0.7),
    ({"reduce": "median"}, 0.6),  # of 0.1 0.5 0.6 0.7 0.8 0.9: the lower middle, as torch
    ({"reduce": "median", "start_layer": 1}, 0.6),
])  # fmt: skip
def test_emma_reduces_heads_to_one_number(params: dict[str, Any], expected: float) -> None:
    gate = EMMA(expected, **params)
    assert gate.probability(P) == pytest.approx(expected)
    assert EMMA(expected - 0.01, **params).may_write(State(1, 0, p_choose=P))
    assert not EMMA(expected + 0.01, **params).may_write(State(1, 0, p_choose=P))


def test_emma_looks_at_the_last_source_unit() -> None:
    each = np.stack([np.zeros_like(P), np.ones_like(P), P], axis=2)
    assert EMMA(reduce="mean").probability(each) == EMMA(reduce="mean").probability(P)
    with pytest.raises(InputError, match="no value"):
        EMMA().probability(np.zeros((2, 2, 0)))
    with pytest.raises(InputError, match="2 or 3 axes"):
        EMMA().probability(np.zeros(4))


def test_emma_has_no_head_past_the_last_layer() -> None:
    with pytest.raises(InputError, match="start_layer=3"):
        EMMA(start_layer=3).may_write(State(1, 0, p_choose=P))


def test_emma_writes_so_many_and_then_reads() -> None:
    gate = EMMA(max_consecutive_write=2)
    sure = np.ones((1, 1))
    may = [gate.may_write(State(read, written, p_choose=sure))
           for read, written in ((1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (2, 4))]
    assert may == [True, True, False, True, True, False]
    assert gate.may_write(State(2, 4, source_done=True, p_choose=sure))


@pytest.mark.parametrize(("p", "done", "stop", "writes", "drops"), [
    (1.0, False, True, False, True),   # sure of the end too early: what was held goes too
    (0.9, False, True, False, False),
    (1.0, True, True, True, False),    # the source has ended: the end may be said
    (1.0, False, False, True, False),  # without the option a sentence ends when the model says
])  # fmt: skip
def test_emma_does_not_end_a_sentence_early(
    p: float, done: bool, stop: bool, writes: bool, drops: bool
) -> None:
    gate = EMMA(no_early_stop=stop)
    state = State(3, 1, done, ends=True, p_choose=np.full((2, 2), p))
    assert (gate.may_write(state), gate.takes_back(state)) == (writes, drops)
    inside = State(3, 1, done, p_choose=np.full((2, 2), p))
    assert gate.may_write(inside) and not gate.takes_back(inside)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_a_higher_threshold_waits_longer(n: int, m: int, seed: int) -> None:
    p = np.sort(np.random.default_rng(seed).random((m, n + 1)), axis=1)  # surer with each read

    def g(threshold: float) -> list[int]:
        gate, out, read = EMMA(threshold), [], 0
        while len(out) < m:
            i = len(out)
            if gate.may_write(State(read, i, read == n, p_choose=p[i, read].reshape(1, 1))):
                out.append(read)
            else:
                read += 1
        return out

    assert all(a <= b for a, b in zip(g(0.3), g(0.7), strict=True))
