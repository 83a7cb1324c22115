"""Latency metrics: closed forms, lengths, and null with a reason where there is no value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.lagging import al, ap, dal, laal, yaal
from s2st_bench.metric import Item, Metric, Unscored
from s2st_bench.metrics.latency.atd import ATD
from s2st_bench.metrics.latency.backlog import Backlog
from s2st_bench.metrics.latency.lagging import AL, AP, DAL, LAAL, YAAL, LongYAAL
from s2st_bench.metrics.latency.long_form import StreamLAAL, StreamLAALFBK
from s2st_bench.metrics.latency.offsets import EndOffset, StartOffset
from s2st_bench.metrics.latency.rtf import RTF
from s2st_bench.types import AudioSource, Failure, Job, Recording, Segment, Step, Trace

TIMED = (AL, LAAL, AP, DAL, YAAL, ATD, StartOffset, EndOffset)

TRACE = Trace("s", "r", "en", 4.0, (
    Step(1.0, 1.0, (Job(0, "asr", 1.0, 1.5), Job(1, "mt", 1.5, 1.75))),
    Step(4.0, 4.0, (Job(2, "asr", 4.0, 4.25),)),
))
RECORDING = Recording("r", AudioSource(Path("a.wav")), "de", ("en",), (Segment("r", 0.0, 4.0),))
ITEM = Item(
    "r", RECORDING, RECORDING.segments[0], TRACE, "a b c", ("x y z",), ("a", "b", "c"),
    np.array([1000.0, 2000.0, 4000.0]), np.array([1750.0, 2500.0, 4250.0]), 4000.0,
)
EMPTY = replace(ITEM, units=(), hypothesis="", delays=np.array([]), elapsed=np.array([]))


def reason(metric: Metric, item: Item) -> str:
    found = metric.stats(item)
    assert isinstance(found, Unscored), found
    return found.reason


# --- formulas ---------------------------------------------------------------------------------


@given(st.integers(1, 12), st.integers(1, 40))
def test_wait_k_lags_k_tokens(k: int, length: int) -> None:
    delays = np.minimum(np.arange(length) + k, length).astype(np.float64)
    assert al(delays, length, length) == pytest.approx(min(k, length))
    assert laal(delays, length, length) == pytest.approx(min(k, length))


increasing = st.lists(st.floats(0, 5000), min_size=1, max_size=30).map(sorted)


@given(increasing, st.floats(1, 6000))
def test_dal_is_at_least_al_at_equal_lengths(delays: list[float], source_length: float) -> None:
    times = np.minimum(np.array(delays), source_length)
    assert dal(times, source_length) >= al(times, source_length, len(times)) - 1e-6


@given(increasing, st.floats(1, 6000), st.integers(1, 50))
def test_saying_more_lowers_al_and_not_laal_below_it(
    delays: list[float], source_length: float, reference: int
) -> None:
    times = np.array(delays)
    assert laal(times, source_length, reference) >= al(times, source_length, reference) - 1e-6


@given(increasing, st.floats(1, 6000), st.floats(0.1, 100))
def test_formulas_scale_with_time(
    delays: list[float], source_length: float, factor: float
) -> None:
    times = np.array(delays)
    for formula in (al, laal):
        assert formula(times * factor, source_length * factor, 7) == pytest.approx(
            factor * formula(times, source_length, 7), rel=1e-6, abs=1e-6
        )
    assert ap(times * factor, source_length * factor, 7) == pytest.approx(
        ap(times, source_length, 7), rel=1e-6
    )


def test_dal_by_hand() -> None:
    """n = 3, S = 3: pace 1; g = 3, 4, 5; DAL = ((3 - 0) + (4 - 1) + (5 - 2)) / 3."""
    assert dal(np.array([3.0, 3.0, 3.0]), 3.0) == pytest.approx(3.0)


def test_yaal_leaves_out_what_comes_at_the_end() -> None:
    times = np.array([1000.0, 2000.0, 4000.0, 9000.0])
    assert yaal(times, 4000.0, 4) == pytest.approx((1000 + 1000) / 2)
    assert yaal(times, 4000.0, 4, end=5000.0) == pytest.approx((1000 + 1000 + 2000) / 3)
    assert yaal(times, 1000.0, 4) is None


# --- metrics ----------------------------------------------------------------------------------


def test_values_of_one_item() -> None:
    values = {m.spec.name: m().item_value(ITEM) for m in TIMED}
    assert values == pytest.approx({
        "AL": (1000 + 2000 / 3 + 4000 - 8000 / 3) / 3,
        "LAAL": (1000 + 2000 / 3 + 4000 - 8000 / 3) / 3,
        "AP": 7000 / 12000,
        "DAL": (1000 + 1000 + 4000 - 8000 / 3) / 3,
        "YAAL": (1000 + 2000 / 3) / 2,
        # Source pieces of 300 ms end at 300, 600, 900, 1000; 1300, …, 2000; paired 1, 2, 3.
        "ATD": (1000 - 300 + 2000 - 600 + 4000 - 900) / 3,
        "StartOffset": 1000.0,
        "EndOffset": 0.0,
    })
    assert StartOffset(aware=True).item_value(ITEM) == 1750.0
    assert EndOffset(aware=True).item_value(ITEM) == 250.0
    assert StartOffset(aware=True).name == "StartOffset_CA"


def test_corpus_value_is_the_mean_of_recordings() -> None:
    rows = np.stack([np.asarray(StartOffset().stats(i)) for i in (
        ITEM, replace(ITEM, delays=np.array([3000.0])),
    )])
    assert StartOffset().aggregate(rows, np.array([[1.0, 1.0], [2.0, 0.0]])).tolist() == [
        2000.0, 1000.0
    ]


@pytest.mark.parametrize("metric", TIMED)
def test_no_value_has_a_reason(metric: type[Metric]) -> None:
    assert reason(metric(), EMPTY) == "no output"
    assert "not measured" in reason(metric(aware=True), replace(ITEM, elapsed=None))
    assert "text input" in reason(metric(aware=True), replace(ITEM, source_unit="tokens"))
    assert "finite" in reason(metric(), replace(ITEM, delays=np.array([1.0, np.nan])))
    speech = replace(EMPTY, trace=replace(TRACE, outputs=("speech",)))
    assert reason(metric(), speech) == "no text output"


@pytest.mark.parametrize("metric", [AL, LAAL, AP, DAL, YAAL])
@pytest.mark.parametrize("length", [0.0, float("nan")])
def test_no_pace_without_a_length(metric: type[Metric], length: float) -> None:
    assert "no length" in reason(metric(), replace(ITEM, source_length=length))


def test_what_needs_no_length_has_a_value_without() -> None:
    """As SimulEval has them; an unknown length is not one of 0."""
    nothing = replace(ITEM, source_length=0.0)
    for metric in (StartOffset(), ATD()):
        assert metric.item_value(nothing) == metric.item_value(ITEM)
    assert EndOffset().item_value(nothing) == ITEM.delays[-1]
    assert "no length" in reason(EndOffset(), replace(ITEM, source_length=float("nan")))


def test_text_input_is_scored_in_tokens() -> None:
    item = replace(ITEM, delays=np.array([2.0, 3.0, 3.0]), source_length=3.0, source_unit="tokens")
    assert AL().item_value(item) == pytest.approx(2.0)


@pytest.mark.parametrize("reference", ["", "  \t", "\u00a0"])
def test_empty_reference(reference: str) -> None:
    item = replace(ITEM, references=(reference,))
    assert "empty" in reason(AL(), item) and "empty" in reason(AP(), item)
    assert LAAL().item_value(item) == LAAL().item_value(ITEM)
    assert isinstance(DAL().item_value(item), float)


def test_missing_reference_takes_the_length_of_the_hypothesis_and_says_so() -> None:
    metric = AL()
    assert metric.item_value(replace(ITEM, references=())) == AL().item_value(ITEM)
    assert metric.signature() == {"len": "hyp"}
    metric.item_value(ITEM)
    assert metric.signature() == {"len": "hyp+ref"}


def test_reference_is_counted_in_the_unit_of_the_hypothesis() -> None:
    chars = replace(ITEM, unit="char", references=("xy z",))
    assert AL().item_value(chars) == AL().item_value(ITEM)
    pieces = replace(ITEM, unit="spm", units=("▁a", "b", "▁c"))
    assert "SentencePiece" in reason(AL(), pieces)
    assert AL().item_value(replace(pieces, references=("▁x y ▁z",))) == AL().item_value(ITEM)
    assert AL().item_value(replace(pieces, reference_length=3)) == AL().item_value(ITEM)


def test_yaal_needs_something_said_in_time() -> None:
    late = replace(ITEM, delays=np.array([4000.0, 4000.0, 5000.0]))
    assert "after the segment" in reason(YAAL(), late)
    assert "short form" in reason(LongYAAL(), late)
    assert LongYAAL().item_value(replace(late, time_to_recording_end=6000.0)) == pytest.approx(
        13_000 / 3 - 4000 / 3
    )
    assert "after the recording" in reason(LongYAAL(), replace(late, time_to_recording_end=4e3))


def test_stream_laal_in_its_two_versions() -> None:
    early = replace(ITEM, delays=np.array([-1000.0, 2000.0, 4000.0]), time_to_recording_end=1e6)
    plain, raised = StreamLAAL().item_value(early), StreamLAALFBK().item_value(early)
    assert plain == pytest.approx((-1000 + 2000 + 4000 - 4000) / 3)
    assert raised == pytest.approx((0 + 2000 + 4000 - 4000) / 3)
    assert reason(StreamLAAL(), ITEM) == "short form"


# --- RTF --------------------------------------------------------------------------------------


def test_atd_needs_delays_that_do_not_decrease() -> None:
    assert "decrease" in reason(ATD(), replace(ITEM, delays=np.array([2.0, 1.0, 3.0])))
    assert "decrease" in reason(ATD(), replace(ITEM, delays=np.array([-2.0, 1.0, 3.0])))


def test_atd_does_not_cut_float_noise_into_pieces() -> None:
    noisy = np.cumsum([0.3, 0.3, 0.3]) * 1000
    exact = np.array([300.0, 600.0, 900.0])
    values = [ATD().item_value(replace(ITEM, delays=d)) for d in (noisy, exact)]
    assert values[0] == pytest.approx(values[1], abs=1e-6)


def test_rtf_is_pooled_compute_over_audio() -> None:
    rows = np.stack([np.asarray(RTF().stats(ITEM)), np.array([3.0, 4.0])])
    assert rows[0].tolist() == [1.0, 4.0]
    assert RTF().aggregate(rows, np.ones((1, 2))).tolist() == [0.5]


def test_rtf_of_a_long_recording_counts_its_trace_once() -> None:
    segments = (Segment("1", 0.0, 1.0), Segment("2", 1.0, 4.0))
    item = replace(ITEM, recording=replace(RECORDING, segments=segments))
    metric = RTF()
    total = sum(np.asarray(metric.stats(replace(item, segment=s))) for s in segments)
    assert np.asarray(total).tolist() == [1.0, 4.0]


def test_rtf_without_a_measure_has_a_reason() -> None:
    def of(**change: object) -> Item:
        return replace(ITEM, trace=replace(TRACE, **change))  # type: ignore[arg-type]

    assert "not measured" in reason(RTF(), of(clock="ideal"))
    assert "no duration" in reason(RTF(), of(source_unit="tokens"))
    assert "not known" in reason(RTF(), of(kind="stream"))
    assert "not known" in reason(RTF(), of(steps=()))
    assert "no length" in reason(RTF(), of(source_length=0.0))
    assert "failed" in reason(RTF(), of(error=Failure("died", "exit 1")))


def test_backlog_is_the_longest_wait_of_source_for_its_work() -> None:
    steps = tuple(
        Step(float(k), float(k), (Job(k, "s", 1.5 * k, 1.5 * k + 1.5),)) for k in range(1, 4)
    )
    behind = replace(ITEM, trace=replace(TRACE, steps=steps))
    assert Backlog().item_value(behind) == pytest.approx(1500.0)
    assert Backlog().item_value(ITEM) == 0.0
    assert "measured" in reason(Backlog(), replace(behind, live=(1.0,)))
