"""All items at once give what item by item gives: values, reasons and signatures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.batch import Batch, running
from s2st_bench.metric import Item, Metric, Unscored
from s2st_bench.registry import Registry
from s2st_bench.scoring import make_metrics
from s2st_bench.types import AudioSource, Failure, Recording, Segment, Trace

REGISTRY = Registry()
NAMES = ("AL", "LAAL", "DAL", "AP", "YAAL", "LongYAAL", "LongAL", "LongLAAL", "LongDAL", "LongAP",
         "StreamLAAL", "StreamLAAL@fbk", "StartOffset", "EndOffset", "ATD", "FLAL", "NumUnits",
         "StartOffsetOnset", "SWF", "RTF")
PENALISED = tuple(n for n in NAMES if n not in ("SWF", "RTF"))

SEGMENT = Segment("1", 0.0, 4.0)
RECORDING = Recording("r", AudioSource(Path("a.wav")), "de", ("en",), (SEGMENT,))
_time = st.one_of(
    st.floats(-2000, 9000).map(lambda x: round(x, 3)),
    st.sampled_from([0.0, 4000.0, 1e12, float("nan"), float("inf")]),
)
_usual = st.lists(st.sampled_from([0.0, 33.4, 300.0, 960.0]), min_size=1, max_size=30).map(
    lambda steps: np.cumsum(steps).tolist()
)


@st.composite
def some_item(draw: st.DrawFn) -> Item:
    delays = np.array(draw(st.one_of(_usual, st.lists(_time, max_size=8))), dtype=np.float64)
    elapsed = draw(st.sampled_from(["none", "later", "fewer"]))
    measured = {"none": None, "later": delays + 250.0 * np.arange(len(delays)),
                "fewer": delays[:-1]}[elapsed]
    failed = draw(st.integers(0, 9)) == 0
    trace = Trace("s", "r", "en", 4.0, error=Failure("died", "exit 1") if failed else None,
                  outputs=draw(st.sampled_from([("text",), ("text",), ("speech",)])))
    return Item(
        "r", RECORDING, SEGMENT, trace, "", draw(st.sampled_from([(), ("",), ("a  b\u00a0c ",)])),
        ("w",) * len(delays), delays, measured,
        draw(st.sampled_from([4000.0, 4000.0, 1e-3, 0.0, float("nan")])),
        source_unit=draw(st.sampled_from(["s", "s", "tokens"])),
        time_to_recording_end=draw(st.sampled_from([None, 4000.0, 9000.0])),
    )


def names() -> list[str]:
    found = []
    for name in NAMES:
        aware = "CA" in REGISTRY.get("metrics", name).load().spec.variants
        bases = [name, *([f"{name}_CA"] if aware else [])]
        found += bases + ([f"{base}_pen" for base in bases] if name in PENALISED else [])
    return found


ALL = names()


def made() -> list[Metric]:
    metrics = make_metrics(ALL, REGISTRY)
    theirs = [m.on_clock("simuleval") for m in metrics if m.name.startswith("ATD_CA")]
    return [*metrics, *theirs]


@settings(max_examples=40, deadline=None)
@given(st.lists(some_item(), max_size=9))
def test_equals_item_by_item(items: list[Item]) -> None:
    batch = Batch(items)
    for at_once, one_by_one in zip(made(), made(), strict=True):
        at_once.prepare(batch)
        one_by_one.prepare(items)
        found = at_once.stats_batch(batch)
        wanted = [one_by_one.stats(item) for item in items]
        assert len(found) == len(wanted)
        for ours, row in zip(found, wanted, strict=True):
            if isinstance(row, Unscored) or isinstance(ours, Unscored):
                assert type(ours) is type(row) and ours == row, at_once.name
            else:
                np.testing.assert_allclose(ours, row, rtol=1e-9, atol=1e-9, err_msg=at_once.name)
        assert at_once.signature() == one_by_one.signature()


def test_work_is_shared_between_metrics() -> None:
    delays = np.array([1000.0, 2000.0])
    item = Item("r", RECORDING, SEGMENT, Trace("s", "r", "en", 4.0), "", ("a b",), ("a", "b"),
                delays, None, 4000.0)
    batch = Batch([item, replace(item, id="q")])
    for metric in make_metrics(["AL", "LAAL", "DAL", "AL_pen"]):
        metric.prepare(batch)
        metric.stats_batch(batch)
    assert len(batch._rows) == 1


@given(st.lists(st.lists(st.integers(-9, 9), min_size=1, max_size=12), min_size=1, max_size=6))
def test_running_stays_in_its_row(rows: list[list[int]]) -> None:
    values = np.concatenate(rows).astype(np.float64)
    place = np.concatenate([np.arange(len(row)) for row in rows])
    for combine, neutral in ((np.maximum, -np.inf), (np.add, 0.0)):
        wanted = np.concatenate([combine.accumulate(row) for row in rows])
        assert running(combine, values, place, neutral) == pytest.approx(wanted)
