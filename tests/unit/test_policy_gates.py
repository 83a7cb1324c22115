"""Gates by schedule, by chance and by CTC: closed forms, hand-made examples and properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.errors import ConfigError
from s2st_bench.lagging import al
from s2st_bench.policy import (
    EMMA,
    CatchUp,
    Eager,
    EchoStream,
    FixedRate,
    Gate,
    MMAHard,
    MMAInfiniteLookback,
    MultipathWaitK,
    Offline,
    Oracle,
    Random,
    Schedule,
    State,
    StreamSpeech,
    WaitK,
    WaitKSpeech,
    WaitKStride,
    sample_k,
)

lengths = st.integers(1, 25)
ks = st.integers(1, 30)
Evidence = Callable[[int, int], dict[str, Any]]


def nothing(read: int, written: int) -> dict[str, Any]:
    return {}


def path(gate: Gate, source: int, target: int, evidence: Evidence = nothing) -> list[int]:
    """g(1) … g(target): source units read when each target unit was written, one read a time."""
    g: list[int] = []
    read = 0
    while len(g) < target:
        written = len(g)
        state = State(read, written, read == source, **evidence(read, written))
        if gate.may_write(state):
            g.append(read)
        else:
            assert read < source, "a gate that stays shut at the end of the source"
            read += 1
    return g


# --- schedules ----------------------------------------------------------------------------------


@given(lengths, ks)
def test_wait_k_has_the_lagging_of_its_closed_form(n: int, k: int) -> None:
    """|x| = |y|: AL is min(k, |x|) tokens (arXiv:1810.08398, section 4.1)."""
    for gate in (WaitK(k), MultipathWaitK(k)):
        assert al(np.array(path(gate, n, n), float), n, n) == pytest.approx(min(k, n))


@pytest.mark.parametrize(("gate", "expected"), [
    (WaitK(3), [3, 4, 5, 6, 7, 8, 8, 8]),
    (CatchUp(3, 0.25), [3, 4, 5, 5, 6, 7, 8, 8]),
    (WaitKStride(3, 2), [3, 3, 5, 5, 7, 7, 8, 8]),
    (WaitKStride(2, 3), [2, 2, 2, 5, 5, 5, 8, 8]),
    (FixedRate(0.5), [2, 4, 6, 8, 8, 8, 8, 8]),
    (FixedRate(2.0, wait=1), [2, 2, 3, 3, 4, 4, 5, 5]),
    (Eager(), [1] * 8),
    (Offline(), [8] * 8),
], ids=str)  # fmt: skip
def test_g_by_hand(gate: Gate, expected: list[int]) -> None:
    assert path(gate, 8, 8) == expected


def test_binary_fractions_do_not_shift_a_step() -> None:
    assert CatchUp(1, 0.29).g(100) == 1 + 100 - 1 - 29  # 0.29 * 100 == 28.999…
    assert FixedRate(0.1).g(3) == 30                    # 3 / 0.1 == 30.000…


@given(lengths, lengths, st.integers(1, 9))
def test_kin_of_wait_k_are_wait_k_at_their_neutral_settings(n: int, m: int, k: int) -> None:
    def heard(read: int, written: int) -> dict[str, Any]:
        return {"ctc": (read, read)}

    wanted = path(WaitK(k), n, m)
    for gate in (CatchUp(k, 0.0), WaitKStride(k, 1), WaitKSpeech(k, 1), FixedRate(1.0, k - 1)):
        assert path(gate, n, m) == wanted
    assert path(EchoStream(k, 1, k, 1), n, m, heard) == wanted
    assert path(StreamSpeech(k1=k - 1), n, m, heard) == wanted


@given(st.one_of(
    st.builds(WaitK, ks), st.builds(CatchUp, ks, st.floats(0, 0.99)),
    st.builds(WaitKStride, ks, st.integers(1, 9)),
    st.builds(FixedRate, st.floats(1e-3, 1e3), st.integers(0, 9)),
))  # fmt: skip
def test_schedules_never_decrease_and_wait_for_something(gate: Schedule) -> None:
    g = [gate.g(i) for i in range(1, 200)]
    assert g[0] >= 1 and all(a <= b for a, b in zip(g, g[1:], strict=False))


def test_speech_counts_whole_units_of_frames() -> None:
    gate = WaitKSpeech(2, ratio=7)
    assert [f for f in range(40) if gate.may_write(State(f, 1))][0] == 21  # 3 units
    assert (gate.heard(20, False), gate.heard(20, True), gate.heard(21, True)) == (2, 3, 3)


@given(st.integers(0, 10_000), st.integers(1, 9))
def test_sampled_k_is_in_range_and_takes_each_value(seed: int, longest: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = [sample_k(rng, longest) for _ in range(300)]
    assert set(drawn) == set(range(1, longest + 1))


def test_no_k_for_an_empty_source() -> None:
    with pytest.raises(ConfigError, match="longest=0"):
        sample_k(np.random.default_rng(0), 0)


# --- controls -----------------------------------------------------------------------------------


@given(st.integers(0, 99), st.floats(0, 1), lengths)
def test_random_repeats_itself(seed: int, p: float, n: int) -> None:
    gate = Random(p, seed)
    first = path(gate, n, n)
    assert path(gate.fresh(), n, n) == path(Random(p, seed), n, n) == first


def test_random_is_eager_and_offline_at_its_ends_and_as_rare_as_it_says() -> None:
    assert path(Random(1.0), 5, 3) == [1, 1, 1]
    assert path(Random(0.0), 5, 3) == [5, 5, 5]
    g = path(Random(0.25), 100_000, 4000)
    assert g[-1] / len(g) == pytest.approx(3.0, rel=0.1)  # reads a write: (1 - p) / p


def test_oracle_waits_for_what_each_unit_is_aligned_to_and_those_before() -> None:
    due = [2, 1, 4, 4, 3]
    assert path(Oracle(), 6, 5, lambda _, i: {"due": due[i]}) == [2, 2, 4, 4, 4]


# --- CTC ----------------------------------------------------------------------------------------


def turns(gate: Gate, lengths_of: list[tuple[int, int]]) -> list[int]:
    """Units written in each chunk's turn, by the CTC lengths (asr, st) after it."""
    written, counts = 0, []
    for read, ctc in enumerate(lengths_of, 1):
        before = written
        while gate.may_write(State(read, written, ctc=ctc)):
            written += 1
        counts.append(written - before)
    return counts


def test_streamspeech_writes_what_both_outputs_grew_by() -> None:
    """The agent's steps by hand: READ where either output stood still, else up to N_st."""
    chunks = [(1, 0), (2, 2), (3, 2), (3, 3), (4, 4), (5, 6)]
    assert turns(StreamSpeech(), chunks) == [0, 2, 0, 1, 1, 2]
    assert turns(StreamSpeech(k1=1), chunks) == [0, 1, 0, 1, 1, 2]
    assert turns(StreamSpeech(n=2), chunks) == [0, 2, 0, 0, 2, 0]
    assert turns(StreamSpeech(whole_words=True), chunks) == [0, 3, 0, 1, 1, 2]


def test_streamspeech_compares_with_the_longest_that_passed() -> None:
    """A chunk that did not pass leaves the maxima: (9, 1) does not raise what ASR must exceed."""
    assert turns(StreamSpeech(), [(2, 1), (9, 1), (3, 2)]) == [1, 0, 1]


def test_echostream_waits_for_both_counts() -> None:
    gate = EchoStream(k1=3, n1=3, k2=3, n2=3)
    assert turns(gate, [(3, 2), (2, 3), (3, 3), (5, 9), (6, 6), (12, 12)]) == [0, 0, 1, 0, 1, 2]
    assert turns(EchoStream(k1=1, n1=2, k2=0, n2=1), [(1, 0), (3, 1), (9, 2)]) == [1, 1, 1]


# --- every gate -----------------------------------------------------------------------------------

@given(st.data(), lengths, lengths)
def test_g_never_decreases_and_all_is_written_by_the_end(
    data: st.DataObject, n: int, m: int
) -> None:
    """Whatever a model says, every gate writes everything and g(i) never decreases."""
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    p = rng.random((m, 2, 3, n)) ** 0.2
    asr, translated = np.sort(rng.integers(0, n + 1, (2, n + 1)), axis=1)
    due = rng.integers(0, n + 1, m)

    def heads(read: int, i: int) -> dict[str, Any]:
        return {"p_choose": p[i, :, :, :read]}

    def at_last(read: int, i: int) -> dict[str, Any]:
        return {"p_choose": p[i, :, :, read - 1] if read else np.zeros((2, 3))}

    def ctc(read: int, i: int) -> dict[str, Any]:
        return {"ctc": (int(asr[read]), int(translated[read]))}

    gates: list[tuple[Gate, Evidence]] = [
        (Random(0.5, seed % 1000), nothing), (Eager(), nothing), (Offline(), nothing),
        (WaitKSpeech(2, 3), nothing), (Oracle(), lambda _, i: {"due": int(due[i])}),
        (MMAHard(), heads), (MMAInfiniteLookback(0.9), heads),
        (EMMA(), at_last), (EMMA(0.9, "median", max_consecutive_write=2), at_last),
        (StreamSpeech(1, 2), ctc), (StreamSpeech(whole_words=True), ctc), (EchoStream(), ctc),
    ]
    for gate, evidence in gates:
        g = path(gate, n, m, evidence)
        assert len(g) == m and g == sorted(g) and g[-1] <= n, gate
