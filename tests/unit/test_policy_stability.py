"""How much of a hypothesis is committed: agreement, hold, beams and attention."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.errors import InputError
from s2st_bench.policy import (
    AlignAtt,
    EDAtt,
    Hold,
    Hypothesis,
    LocalAgreement,
    SharedPrefix,
    Stability,
    common_prefix,
    whole_words,
)
from s2st_bench.policy.rule import Floats

sentence = st.lists(st.sampled_from("abc"), max_size=6).map(tuple)
sentences = st.lists(sentence, min_size=1, max_size=8)


def committed(rule: Stability, texts: list[str]) -> list[int]:
    """Units committed after each hypothesis; every hypothesis goes on from what was committed."""
    count, counts = 0, []
    for text in texts:
        count = rule.stable(Hypothesis(tuple(text.split())), count)
        counts.append(count)
    return counts


def test_local_agreement_by_hand() -> None:
    texts = ["a", "a b", "a b c d", "a b c e", "a b c e f"]
    assert committed(LocalAgreement(1), texts) == [1, 2, 4, 4, 5]
    assert committed(LocalAgreement(2), texts) == [0, 1, 2, 3, 4]
    assert committed(LocalAgreement(3), texts) == [0, 0, 1, 2, 3]
    assert committed(LocalAgreement(2, hold=1), texts) == [0, 0, 1, 2, 3]


def test_hold_by_hand() -> None:
    texts = ["a", "a b", "a b c d", "a b c", "a b c e f"]
    assert committed(Hold(0), texts) == [1, 2, 4, 4, 5]
    assert committed(Hold(2), texts) == [0, 0, 2, 2, 3]
    assert committed(Hold(9), texts) == [0] * 5


@given(sentences)
def test_one_that_agrees_with_itself_none_held_and_eager_are_one(
    hypotheses: list[tuple[str, ...]]
) -> None:
    agreement, hold = LocalAgreement(1), Hold(0)
    count = 0
    for units in hypotheses:
        eager = max(count, len(units))
        assert agreement.stable(Hypothesis(units), count) == eager
        assert hold.stable(Hypothesis(units), count) == eager
        count = eager


@given(sentences, st.integers(1, 4), st.integers(0, 3))
def test_more_agreement_and_more_hold_commit_no_more(
    hypotheses: list[tuple[str, ...]], n: int, hold: int
) -> None:
    less = LocalAgreement(n, hold)
    for wait in (LocalAgreement(n + 1, hold), LocalAgreement(n, hold + 1)):
        less = less.fresh()
        for units in hypotheses:
            assert wait.stable(Hypothesis(units)) <= less.stable(Hypothesis(units))


@given(sentences, st.integers(1, 4))
def test_what_agreement_commits_is_in_each_of_the_last_n(
    hypotheses: list[tuple[str, ...]], n: int
) -> None:
    rule = LocalAgreement(n)
    for t, units in enumerate(hypotheses, 1):
        stable = units[: rule.stable(Hypothesis(units))]
        assert all(h[: len(stable)] == stable for h in hypotheses[max(0, t - n) : t])
        assert t >= n or stable == ()


def test_shared_prefix_is_of_whole_beams() -> None:
    first = Hypothesis(("a", "b", "c"), beams=(("a", "b", "c"), ("a", "b", "d"), ("a", "b", "e")))
    second = Hypothesis(("a", "b", "c", "f"), beams=(("a", "b", "c", "f"), ("a", "x", "c", "f")))
    one, two = SharedPrefix(1), SharedPrefix(2)
    assert [one.stable(first), one.stable(second)] == [2, 1]
    assert [two.stable(first), two.stable(second)] == [0, 1]
    alone = Hypothesis(("a", "b"), beams=())
    assert SharedPrefix().stable(alone) == 2


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 1), (2, 1), (3, 1), (4, 4), (5, 5)])
def test_whole_words_end_where_the_next_begins_or_nothing_is_left(
    count: int, expected: int
) -> None:
    assert whole_words(count, [True, True, False, False, True]) == expected


def test_sub_words_are_committed_as_whole_words() -> None:
    rule = LocalAgreement(2)
    rule.stable(Hypothesis(("▁the", "▁hou", "ses"), starts_word=(True, True, False)))
    now = Hypothesis(("▁the", "▁hou", "se", "▁is"), starts_word=(True, True, False, True))
    assert common_prefix([("▁the", "▁hou", "ses"), now.units]) == ("▁the", "▁hou")
    assert rule.stable(now) == 1


# --- attention ----------------------------------------------------------------------------------


def peaked(*peaks: int, frames: int = 10) -> Hypothesis:
    """One unit for each peak: 0.55 of its attention there, the rest even."""
    a = np.full((len(peaks), frames), 0.05)
    a[np.arange(len(peaks)), list(peaks)] += 0.5
    return Hypothesis(tuple(range(len(peaks))), a)


def test_alignatt_stops_at_the_first_unit_that_looks_at_the_end() -> None:
    one = peaked(1, 4, 8, 3)
    assert [AlignAtt(f).stable(one) for f in (0, 1, 2, 5, 6, 7, 9, 10)] == [4, 4, 2, 2, 1, 1, 0, 0]
    assert AlignAtt(2).stable(one, committed=3) == 4  # what is committed is not asked again
    assert AlignAtt(8).stable(one, committed=3) == 3


def test_alignatt_drops_last_frames_before_it_looks() -> None:
    one = peaked(2, 9)
    assert AlignAtt(2).stable(one) == 1
    assert AlignAtt(2, drop_last=1).stable(one) == 2  # the row is even without its peak: frame 0


def test_z_normalising_over_units_silences_a_frame_all_attend_to() -> None:
    a = np.array([[0.6, 0.3, 0.05, 0.05], [0.6, 0.05, 0.05, 0.3]])
    one = Hypothesis(("a", "b"), a)
    assert AlignAtt(1).stable(one) == 2                    # both peaks at frame 0
    assert AlignAtt(1, z_normalise=True).stable(one) == 1  # peaks at frames 1 and 3
    alone = Hypothesis(("a",), a[1:])
    assert AlignAtt(1, z_normalise=True).stable(alone) == AlignAtt(1).stable(alone) == 1


@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 2**32 - 1), st.booleans())
def test_attention_rules_at_their_extremes(n: int, frames: int, seed: int, z: bool) -> None:
    a = np.random.default_rng(seed).dirichlet(np.ones(frames), n)
    one = Hypothesis(tuple(range(n)), a)
    assert AlignAtt(0, z_normalise=z).stable(one) == n      # eager
    assert AlignAtt(frames, z_normalise=z).stable(one) == 0
    assert AlignAtt(10**6, z_normalise=z).stable(one) == 0
    assert EDAtt(0.0, drop_last=0).stable(one) == 0
    assert EDAtt(1.01, drop_last=0).stable(one) == n        # eager
    counts = [AlignAtt(f).stable(one) for f in range(frames + 1)]
    assert counts == sorted(counts, reverse=True)
    counts = [EDAtt(alpha).stable(one) for alpha in (0.6, 0.4, 0.2, 0.1, 0.05, 0.03)]
    assert counts == sorted(counts, reverse=True)


def test_edatt_by_hand() -> None:
    """The last frame dropped, rows to 1, the last two summed: 2/9 and 6/9."""
    a = np.array([[0.4, 0.3, 0.1, 0.1, 0.1], [0.1, 0.2, 0.3, 0.3, 0.1]])
    one = Hypothesis(("a", "b"), a)
    assert [EDAtt(alpha).stable(one) for alpha in (0.7, 0.65, 0.23, 0.22)] == [2, 1, 1, 0]
    assert EDAtt(0.65, renormalise=False).stable(one) == 2           # 0.6
    assert EDAtt(0.39, drop_last=0).stable(one) == 1                 # 0.2 and 0.4
    assert EDAtt(0.35, frames=1, drop_last=0).stable(one) == 2       # 0.1 and 0.1


@pytest.mark.parametrize("rule", [AlignAtt(2, drop_last=9), EDAtt(drop_last=9)], ids=str)
def test_without_frames_nothing_more_is_stable(rule: Stability) -> None:
    assert rule.stable(peaked(1, 2), committed=1) == 1
    assert rule.stable(Hypothesis((), np.zeros((0, 10)))) == 0


def test_a_row_without_mass_waits_for_nothing() -> None:
    assert EDAtt(0.1).stable(Hypothesis(("a",), np.zeros((1, 5)))) == 1


@pytest.mark.parametrize(("attention", "flags", "message"), [
    (np.zeros((1, 3)), None, "units=2"),
    (np.zeros(2), None, "units=2"),
    (np.full((2, 3), np.nan), None, "NaN"),
    (None, (True,), "2 units, 1 in starts_word"),
])  # fmt: skip
def test_parts_that_do_not_fit_are_refused(
    attention: Floats | None, flags: tuple[bool, ...] | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Hypothesis(("a", "b"), attention, flags)
