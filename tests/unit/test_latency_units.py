"""Single units: percentiles, budget, ear-voice span; counts, first output, drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.metric import Item, Metric, Unscored
from s2st_bench.metrics.latency.counts import (
    FLAL,
    FirstOutput,
    NumChunks,
    NumUnits,
    StartOffsetOnset,
)
from s2st_bench.metrics.latency.drift import LatencyDrift
from s2st_bench.metrics.latency.evs import EVS, EVSUnaligned
from s2st_bench.metrics.latency.unit_lag import (
    BudgetMet,
    BudgetMetRecordings,
    UnitLagMax,
    UnitLagP50,
    UnitLagP95,
)
from s2st_bench.percentiles import weighted_percentile
from s2st_bench.trend import theil_sen
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Recording,
    Segment,
    Step,
    TimedWrite,
    Trace,
    Word,
)
from s2st_bench.voice_span import lcs_pairs

SEGMENT = Segment(
    "r", 0.0, 4.0, "ja genau so", {"en": ("yes, just so",)},
    words=(Word("ja", 0.5, 1.0), Word("genau", 1.0, 2.0), Word("so", 2.0, 3.0)),
    alignment={"en": ((0, 0), (1, 1), (2, 2), (1, 2))},
)
RECORDING = Recording("r", AudioSource(Path("a.wav")), "de", ("en",), (SEGMENT,))


def item(delays: Sequence[float], name: str = "r", **change: object) -> Item:
    trace = Trace("s", name, "en", 4.0)
    made = Item(
        name, replace(RECORDING, id=name), SEGMENT, trace, "", ("x " * max(1, len(delays)),),
        ("w",) * len(delays), np.array(delays, dtype=float), np.array(delays, dtype=float) + 500.0,
        4000.0,
    )
    return replace(made, **change)  # type: ignore[arg-type]


def score(metric: Metric, items: Sequence[Item], weights: Sequence[float] | None = None) -> float:
    metric.prepare(items)
    rows = [row for i in items if not isinstance(row := metric.stats(i), Unscored)]
    by = np.ones((1, len(rows))) if weights is None else np.array([weights], dtype=float)
    return float(metric.aggregate(np.stack(rows), by)[0])


# --- percentiles and budget ---------------------------------------------------------------------


def test_lag_is_behind_an_even_speaker() -> None:
    """S = 4000, four units: due at 0, 1000, 2000, 3000."""
    one = item([1000.0, 2000.0, 4000.0, 4000.0])
    assert score(UnitLagMax(), [one]) == 2000.0
    assert score(UnitLagP50(), [one]) == 1000.0
    assert score(UnitLagMax(aware=True), [one]) == 2500.0


def test_percentile_pools_units_and_follows_weights() -> None:
    items = [item([100.0]), item([900.0], "q"), item([500.0], "p")]
    assert score(UnitLagP50(), items) == 500.0
    assert score(UnitLagP50(), items, [1.0, 3.0, 1.0]) == 900.0
    assert score(UnitLagMax(), items, [1.0, 0.0, 1.0]) == 500.0
    assert np.isnan(score(UnitLagP95(), items, [0.0, 0.0, 0.0]))


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=40), st.sampled_from([50, 90, 95, 100]))
def test_percentile_is_numpys_inverse_of_the_distribution(
    values: list[float], percent: float
) -> None:
    array = np.array(values)
    wanted = np.percentile(array, percent, method="inverted_cdf")
    assert weighted_percentile(array, np.ones((1, len(array))), percent)[0] == wanted
    # A weight of two is the same as standing there twice.
    twice = np.percentile(np.append(array, array[0]), percent, method="inverted_cdf")
    weights = np.ones((1, len(array)))
    weights[0, 0] = 2
    assert weighted_percentile(array, weights, percent)[0] == twice
    # Values that share a weight: as though each had it.
    owner = np.arange(len(array)) // 3
    shared = np.arange(1.0, owner[-1] + 2)[None, :]
    assert (weighted_percentile(array, shared, percent, owner)
            == weighted_percentile(array, shared[:, owner], percent))[0]


def test_budget_counts_units_and_recordings() -> None:
    items = [item([1000.0, 2000.0]), item([1000.0, 6000.0], "late"), item([], "silent")]
    assert score(BudgetMet(), items) == 75.0
    assert score(BudgetMetRecordings(), items) == pytest.approx(100 / 3)
    assert score(BudgetMetRecordings(delta_s=5.0), items) == pytest.approx(200 / 3)
    assert BudgetMet(delta_s=3.0).signature() == {"delta": "3s"}


def test_failed_recording_kept_no_budget() -> None:
    failed = item([], trace=Trace("s", "r", "en", 4.0, error=Failure("died", "exit 1")))
    assert score(BudgetMetRecordings(), [failed]) == 0.0


# --- ear-voice span -----------------------------------------------------------------------------


def test_span_starts_at_the_end_of_the_last_aligned_source_word() -> None:
    said = item([2000.0, 2500.0, 3500.0], units=("Yes", "exactly", "so."),
                references=SEGMENT.references["en"])
    # Yes -> ja (1.0 s), so -> so (3.0 s); "exactly" has no partner.
    assert score(EVS(), [said]) == pytest.approx((1000 + 500) / 2)
    assert score(EVS(aware=True), [said]) == pytest.approx((1500 + 1000) / 2)
    assert score(EVSUnaligned(), [said]) == pytest.approx(100 / 3)
    assert EVS().signature() == {"aligner": "lcs"}


def test_span_in_a_long_recording_is_from_the_segments_start() -> None:
    segment = replace(SEGMENT, start_s=10.0, end_s=14.0, words=tuple(
        Word(w.text, w.start_s + 10, w.end_s + 10) for w in SEGMENT.words
    ))
    said = item([2000.0], units=("yes,",), segment=segment, time_to_recording_end=9000.0,
                references=SEGMENT.references["en"])
    assert score(EVS(), [said]) == pytest.approx(1000.0)


def test_span_without_what_it_needs_has_a_reason() -> None:
    said = item([2000.0], references=SEGMENT.references["en"])
    bare = replace(said, segment=replace(SEGMENT, words=()))
    for without, word in [(bare, "word times"), (replace(said, unit="char"), "words"),
                          (replace(said, source_unit="tokens"), "text input"),
                          (item([]), "no output")]:
        found = EVS().stats(without)
        assert isinstance(found, Unscored) and word in found.reason
    assert np.isnan(score(EVS(), [said]))  # nothing aligned: no mean


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_lcs_is_common_increasing_and_longest(a: list[str], b: list[str]) -> None:
    pairs = lcs_pairs(a, b)
    assert all(a[i] == b[j] for i, j in pairs)
    assert all(p < q for first, second in zip(pairs, pairs[1:], strict=False)
               for p, q in zip(first, second, strict=True))

    def longest(i: int, j: int) -> int:
        if not (i and j):
            return 0
        if a[i - 1] == b[j - 1]:
            return longest(i - 1, j - 1) + 1
        return max(longest(i - 1, j), longest(i, j - 1))

    if len(a) + len(b) <= 10:
        assert len(pairs) == longest(len(a), len(b))


# --- counts and first output --------------------------------------------------------------------


def test_first_output_counts_what_was_taken_back() -> None:
    steps = (
        Step(1.0, 1.0, (Job(0, "s", 1.0, 1.5),), (TimedWrite(0, 0.5, " "),)),
        Step(2.0, 2.0, (Job(1, "s", 2.0, 2.5),), (TimedWrite(1, 0.5, "no"),)),
        Step(3.0, 3.0, (Job(2, "s", 3.0, 3.5),), (TimedWrite(2, 0.5, "yes", retract_chars=2),)),
    )
    said = item([3000.0], trace=Trace("s", "r", "en", 4.0, steps))
    assert score(FirstOutput(), [said]) == 2000.0
    assert score(FirstOutput(aware=True), [said]) == 2500.0
    assert score(FirstOutput(aware=True), [replace(said, live=(9.0, 7.0, 8.0))]) == 7000.0
    assert score(FLAL(), [said]) == 3000.0
    assert score(NumChunks(), [said]) == 2.0
    assert score(NumUnits(), [said]) == 1.0
    ideal = replace(said, trace=replace(said.trace, clock="ideal"))
    assert FirstOutput(aware=True).stats(ideal) == Unscored("compute was not measured")
    assert FirstOutput().stats(replace(said, trace=replace(said.trace, steps=()))) == Unscored(
        "no output"
    )


def test_start_offset_from_where_the_speaker_begins() -> None:
    assert score(StartOffsetOnset(), [item([2000.0])]) == 1500.0
    bare = item([2000.0], segment=replace(SEGMENT, words=()))
    assert StartOffsetOnset().stats(bare) == Unscored("the corpus has no word times")


# --- drift --------------------------------------------------------------------------------------


def test_slope_is_the_median_of_pairs_and_shrugs_at_an_outlier() -> None:
    x = np.arange(9.0)
    y = 3.0 * x + 1.0
    y[4] = 1000.0
    slope, low, high = theil_sen(x, y)
    assert slope == pytest.approx(3.0) and low <= 3.0 <= high
    assert np.isnan(theil_sen(np.array([1.0, 1.0]), np.array([1.0, 2.0]))[0])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-50, 50)), min_size=2, max_size=12))
def test_slope_is_that_of_all_pairs(points: list[tuple[int, int]]) -> None:
    slopes = [(d - b) / (c - a) for i, (a, b) in enumerate(points) for c, d in points[i + 1 :]
              if a != c]
    slope, low, high = theil_sen(*np.array(points, dtype=float).T)
    if slopes:
        assert slope == pytest.approx(float(np.median(slopes)))
        assert min(slopes) - 1e-9 <= low <= slope + 1e-9 and high <= max(slopes) + 1e-9
    else:
        assert np.isnan(slope)


def test_drift_is_the_slope_per_minute_of_a_talk() -> None:
    segments = tuple(Segment(str(i), 60.0 * i, 60.0 * i + 4, references={}) for i in range(5))
    talk = replace(RECORDING, segments=segments)
    items = [
        item([1000.0 + 250.0 * i], recording=talk, segment=segment, time_to_recording_end=1e6)
        for i, segment in enumerate(segments)
    ]
    assert score(LatencyDrift(), items) == pytest.approx(250.0)
    metric = LatencyDrift()
    metric.prepare(items[:2])
    assert isinstance(metric.stats(items[0]), Unscored)
    assert metric.stats(item([1.0])) == Unscored("short form")


def test_percentiles_of_two_runs_in_one():
    """Rows of one object mean nothing to another until they are brought together."""
    first, second = UnitLagP50(), UnitLagP50()
    first._rows = [np.array([1.0, 2.0]), np.array([3.0])]
    second._rows = [np.array([10.0, 20.0, 30.0])]
    joint, rows = first.together(
        second, np.array([[0.0, 2.0], [1.0, 1.0]]), np.array([[0.0, 3.0]])
    )
    weights = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    assert joint.aggregate(rows, weights).tolist() == [2.0, 20.0, 3.0]
    assert [len(metric._rows) for metric in (first, second)] == [2, 1]
