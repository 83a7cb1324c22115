"""Erasure, flicker and commit lag, append-only systems included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os.path import commonprefix
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.metric import Item, Unscored
from s2st_bench.metrics.latency.lagging import LAAL
from s2st_bench.metrics.latency.shown import FirstShownLAAL
from s2st_bench.metrics.stability.commit import CommitLag
from s2st_bench.metrics.stability.erasure import (
    FlickerTime,
    NormalizedErasure,
    covered,
    erasures,
)
from s2st_bench.timeline import emissions, final_text
from s2st_bench.types import AudioSource, Failure, Job, Recording, Segment, Step, TimedWrite, Trace

Edits = Sequence[tuple[int, str]]


def item(edits: Edits, clock: str = "simulated") -> Item:
    """One edit a second, from 1 s; half a second of compute each."""
    steps = tuple(
        Step(at, at, (Job(i, "s", at, at + 0.5),),
             (TimedWrite(i, 0.5, text=text, retract_chars=retract),))
        for i, (retract, text) in enumerate(edits) for at in (i + 1.0,)
    )
    trace = Trace("s", "r", "en", 9.0, steps, clock=clock)  # type: ignore[arg-type]
    said = emissions(trace)
    recording = Recording("r", AudioSource(Path("a")), "de", ("en",), (Segment("r", 0.0, 9.0),))
    return Item(
        "r", recording, recording.segments[0], trace, final_text(trace), ("x y z",),
        tuple(e.unit for e in said), 1000.0 * np.array([e.delay for e in said]),
        None if clock == "ideal" else 1000.0 * np.array([e.elapsed for e in said], dtype=float),
        9000.0, emissions=said,
    )


def erased(edits: Edits, **how: object) -> list[tuple[int, int]]:
    return [(e.shown, e.erased) for e in erasures(edits, **how)]  # type: ignore[arg-type]


def test_words_that_change_are_erased() -> None:
    assert erased([(0, "a b c"), (3, "x c")]) == [(0, 1), (0, 1)]


def test_words_written_again_as_they_were_are_not() -> None:
    edits = [(0, "a b c"), (3, "b c d")]
    assert erased(edits) == []
    assert erased(edits, count="deleted") == [(0, 1), (0, 1)]


def test_word_that_grows_is_not_erased_and_one_cut_short_is() -> None:
    assert erased([(0, "wou"), (0, "ld")]) == []
    assert erased([(0, "wou"), (2, "ould be")]) == []
    assert erased([(0, "would"), (2, "")]) == [(0, 1)]


def test_erased_word_was_shown_when_it_was_last_completed() -> None:
    assert erased([(0, "a wou"), (0, "ld"), (5, "b")]) == [(1, 2)]


def test_taking_back_in_one_write_and_repeating_in_the_next_is_erasure() -> None:
    assert erased([(0, "a b"), (2, ""), (0, " b")]) == [(0, 1)]


edit_lists = st.lists(
    st.tuples(st.integers(0, 6), st.text(alphabet="ab ", max_size=6)), max_size=20
)


@given(edit_lists, st.booleans())
def test_counts_equal_those_of_whole_texts(wanted: list[tuple[int, str]], chars: bool) -> None:
    edits: list[tuple[int, str]] = []
    text, changed, deleted = "", 0, 0
    for retract, new in wanted:
        retract = min(retract, len(text))
        after = text[: len(text) - retract] + new
        intact = max(len(commonprefix([text, after])), len(text) - retract)
        deleted_text = text[len(text) - retract :]
        if chars:
            changed += len(text[intact:].replace(" ", "")) if retract else 0
            deleted += len(deleted_text.replace(" ", ""))
        else:
            # A unit counts once, wherever in it the change begins.
            changed += len(text[intact:].split())
            deleted += len(deleted_text.split())
        edits.append((retract, new))
        text = after
    assert len(erasures(edits, chars=chars)) == changed
    assert len(erasures(edits, chars=chars, count="deleted")) == deleted


@given(edit_lists)
def test_append_only_is_stable(wanted: list[tuple[int, str]]) -> None:
    one = item([(0, text + " ") for _, text in wanted])
    if one.units:
        assert np.asarray(NormalizedErasure().stats(one))[0] == 0
        assert FlickerTime().item_value(one) == 0.0
        assert CommitLag().item_value(one) == 0.0
        assert FirstShownLAAL().item_value(one) == LAAL(aware=True).item_value(one)


def test_normalized_erasure_is_pooled() -> None:
    rows = np.stack([
        np.asarray(NormalizedErasure().stats(item(edits)))
        for edits in ([(0, "a b c"), (3, "x y")], [(0, "a b c d e")])
    ])
    assert rows.tolist() == [[2.0, 3.0], [0.0, 5.0]]
    assert NormalizedErasure().aggregate(rows, np.ones((1, 2)))[0] == pytest.approx(2 / 8)


def test_all_taken_back_has_erasure_and_no_ratio() -> None:
    row = np.asarray(NormalizedErasure().stats(item([(0, "a"), (1, "")])))
    assert row.tolist() == [1.0, 0.0]
    assert not np.isfinite(NormalizedErasure().value(row))


def test_flicker_is_the_time_wrong_words_stood() -> None:
    """"b" stood from 1 to 3 s, "c" from 2 to 3 s: two seconds in all, on either clock."""
    one = item([(0, "a b"), (0, " c"), (4, " x")])
    assert FlickerTime().item_value(one) == pytest.approx(2000.0)
    assert FlickerTime(aware=True).item_value(one) == pytest.approx(2000.0)
    moved = replace(one, live=(1.0, 2.0, 7.0))
    assert FlickerTime(aware=True).item_value(moved) == pytest.approx(6000.0)
    assert covered([(0.0, 1.0), (0.5, 2.0), (3.0, 4.0)]) == pytest.approx(3.0)


def test_commit_lag_is_from_first_shown_to_final() -> None:
    one = item([(0, "a b"), (2, " x"), (2, " b")])
    assert CommitLag().item_value(one) == pytest.approx((0 + 2000) / 2)
    shown = FirstShownLAAL().item_value(one)
    final = LAAL(aware=True).item_value(one)
    assert isinstance(shown, float) and isinstance(final, float) and shown < final


def test_no_value_has_a_reason() -> None:
    one = item([(0, "a b"), (2, " x")])
    failed = replace(one, trace=replace(one.trace, error=Failure("died", "exit 1")))
    speech = replace(one, trace=replace(one.trace, outputs=("speech",)))
    ideal = item([(0, "a")], clock="ideal")
    assert NormalizedErasure().stats(failed) == Unscored("the recording failed")
    assert NormalizedErasure().stats(speech) == Unscored("no text output")
    assert FlickerTime(aware=True).stats(ideal) == Unscored("compute was not measured")
    assert FlickerTime().stats(item([])) == Unscored("no output")
    assert CommitLag().stats(replace(one, emissions=())) == Unscored(
        "when units were first shown is not known"
    )
