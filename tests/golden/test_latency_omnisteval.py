"""YAAL, LongYAAL, the Long* averages and the degeneracy diagnostics equal OmniSTEval 0.1.10's."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.metric import Item, Metric, Unscored
from s2st_bench.metrics.latency.degeneracy import DSPTV, EFSW, SWF
from s2st_bench.metrics.latency.lagging import YAAL, LongYAAL
from s2st_bench.metrics.latency.long_form import LongAL, LongAP, LongDAL, LongLAAL
from s2st_bench.types import AudioSource, Recording, Segment, Trace

scoring = pytest.importorskip("omnisteval.scoring")
data = pytest.importorskip("omnisteval.data")

TRACE = Trace("s", "r", "en", 60.0)
SEGMENT = Segment("r", 0.0, 60.0)
RECORDING = Recording("r", AudioSource(Path("a.wav")), "de", ("en",), (SEGMENT,))

Row = tuple[list[float], int, float, float]
"""Delays, reference words, source length, time to the end of the recording."""


def item(row: Row, long: bool) -> Item:
    delays, words, source_length, end = row
    return Item(
        "r", RECORDING, SEGMENT, TRACE, "", (" ".join("w" * words),), ("w",) * len(delays),
        np.array(delays), np.array(delays), source_length,
        time_to_recording_end=end if long else None,
    )


def instance(row: Row, long: bool) -> object:
    delays, words, source_length, end = row
    return data.Instance(
        prediction=" ".join("w" * len(delays)), reference=" ".join("w" * words),
        source_length=source_length, emission_cu=delays, emission_ca=delays,
        time_to_recording_end=end if long else None, longform=long,
    )


def corpus_value(metric: Metric, items: list[Item]) -> float:
    rows = [row for i in items if not isinstance(row := metric.stats(i), Unscored)]
    if not rows:
        return math.nan
    return float(metric.aggregate(np.stack(rows), np.ones((1, len(rows))))[0])


def assert_equal(ours: float, theirs: float, name: str) -> None:
    assert math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=0.001) or (
        math.isnan(ours) and math.isnan(theirs)
    ), (name, ours, theirs)


def rows(first: float) -> st.SearchStrategy[list[Row]]:
    delays = st.lists(st.floats(first, 9000).map(lambda x: round(x, 2)), max_size=12).map(sorted)
    row = st.tuples(delays, st.integers(1, 12), st.sampled_from([500.0, 3000.0, 8000.0]),
                    st.sampled_from([3000.0, 8500.0, 1e6]))
    return st.lists(row, min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(rows(0.0))
def test_short_form_equals(logs: list[Row]) -> None:
    items = [item(row, False) for row in logs]
    theirs = scoring.evaluate_instances(
        [instance(row, False) for row in logs], compute_quality=False, is_longform=False
    )[0]
    if not any(delays for delays, *_ in logs):
        assert "yaal" not in theirs  # nothing said: theirs has no entry, ours no value
        return
    for metric, key in [(YAAL(), "yaal"), (YAAL(aware=True), "ca_yaal"), (SWF(), "swf"),
                        (EFSW(), "efsw"), (DSPTV(), "dsptv")]:
        assert_equal(corpus_value(metric, items), theirs[key], key)


@settings(max_examples=60, deadline=None)
@given(rows(-3000.0))
def test_long_form_equals(logs: list[Row]) -> None:
    items = [item(row, True) for row in logs]
    if not any(delays for delays, *_ in logs):
        return
    theirs = scoring.evaluate_instances(
        [instance(row, True) for row in logs], compute_quality=False, is_longform=True
    )[0]
    for metric, key in [(LongYAAL(), "long_yaal"), (LongAL(), "long_al"), (LongLAAL(), "long_laal"),
                        (LongDAL(), "long_dal"), (LongAP(), "long_ap"),
                        (LongYAAL(aware=True), "ca_long_yaal")]:
        assert_equal(corpus_value(metric, items), theirs[key], key)


def test_recording_said_late_has_no_value_in_either() -> None:
    """Ours says why, and the penalised variant counts it; theirs leaves it out unsaid."""
    late: Row = ([3000.0], 3, 3000.0, 1e6)
    assert YAAL().stats(item(late, False)) == Unscored("all output came after the segment")
    assert math.isnan(scoring.YAALScorer()([instance(late, False)]))
