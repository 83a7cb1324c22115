"""Every timing metric on every kind of edge case: a finite value, or none with a reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import s2st_bench.metrics
from s2st_bench.metric import Item, Metric, Unscored
from s2st_bench.registry import Registry
from s2st_bench.timeline import NO_JOB, emissions, final_text
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Piece,
    Recording,
    Segment,
    Step,
    TimedWrite,
    Trace,
    Word,
)

NEEDS_A_TALK = {"LatencyDrift", "SpeechDrift"}  # of several sentences
FAMILIES = ("latency", "speech_timeline", "stability")

SEGMENT = Segment("1", 0.0, 3.0, "eins zwei", {"en": ("one two",)},
                  words=(Word("eins", 0.1, 0.9), Word("zwei", 1.0, 2.5)),
                  alignment={"en": ((0, 0), (1, 1))})


def item(
    writes: tuple[tuple[float, str, int, float], ...] = (
        (1.0, "one ", 0, 0.5), (2.0, "three", 0, 1.0), (3.0, "two", 5, 0.5),
    ),
    **change: object,
) -> Item:
    """Writes: (source_s, text, retract_chars, seconds of speech)."""
    steps = tuple(
        Step(at, at, (Job(i, "s", at, at + 0.25),),
             (TimedWrite(i, 0.25, text, retract, speech_s=speech),))
        for i, (at, text, retract, speech) in enumerate(writes)
    )
    pieces = tuple(Piece("p", 0, int(w[3] * 100), 100, i) for i, w in enumerate(writes) if w[3])
    fields = {"outputs": ("speech", "text"), "source_length": 3.0, "steps": steps,
              "pieces": pieces}
    in_trace = {k: v for k, v in change.items() if k in Trace.__dataclass_fields__}
    trace = Trace("s", "r", "en", **{**fields, **in_trace})  # type: ignore[arg-type]
    said = () if trace.error else emissions(trace)
    recording = Recording("r", AudioSource(Path("a")), "de", ("en",), (SEGMENT,))
    elapsed = [e.elapsed for e in said]
    made = Item(
        "r", recording, SEGMENT, trace, "" if trace.error else final_text(trace),
        SEGMENT.references["en"], tuple(e.unit for e in said),
        1000.0 * np.array([e.delay for e in said], dtype=float),
        None if trace.clock == "ideal" else 1000.0 * np.array(elapsed, dtype=float),
        1000.0 * trace.source_length, source_unit=trace.source_unit, emissions=said,
    )
    rest = {k: v for k, v in change.items() if k not in in_trace}
    return replace(made, **rest)  # type: ignore[arg-type]


def long_form() -> Item:
    segments = (SEGMENT, replace(SEGMENT, id="2", start_s=3.0, end_s=3.0))
    one = item()
    return replace(one, recording=replace(one.recording, segments=segments),
                   time_to_recording_end=3000.0)


CASES = {
    "plain": item(),
    "nothing said": item(()),
    "only white space": item(((1.0, " \t\u00a0\n", 0, 0.0),)),
    "all taken back": item(((1.0, "a", 0, 0.0), (2.0, "", 1, 0.0))),
    "one unit": item(((1.0, "one", 0, 0.01),)),
    "all after the end": item(((3.5, "one two", 0, 1.0),)),
    "all at the end": item(((3.0, "one two", 0, 1.0),)),
    "empty reference": item(references=("",)),
    "blank reference": item(references=("\u00a0\t ",)),
    "no reference": item(references=()),
    "no source": item(source_length=0.0),
    "source of no number": item(source_length=float("nan")),
    "delays decrease": item(delays=np.array([3000.0, 1000.0])),
    "delay of no number": item(delays=np.array([1000.0, np.nan])),
    "more delays than units": item(delays=np.array([1.0, 2.0, 3.0]) * 1000,
                                   elapsed=np.array([1.0, 2.0, 3.0]) * 1000),
    "fewer delays than units": item(delays=np.array([1000.0]), elapsed=np.array([1000.0])),
    "before it was asked": item(delays=np.array([-500.0, 100.0])),
    "clock ideal": item(clock="ideal"),
    "text input": item(source_unit="tokens"),
    "stream system": item(kind="stream"),
    "speech only": item(((1.0, "", 0, 1.0),), outputs=("speech",)),
    "text only": item(((1.0, "one", 0, 0.0),), outputs=("text",)),
    "failed": item(error=Failure("died", "exit status 1")),
    "another tool's log": item(steps=(Step(1.0, 1.0, (), (TimedWrite(NO_JOB, 0.5, "a b"),)),),
                               pieces=()),
    "no words, no alignment": item(segment=Segment("1", 0.0, 3.0)),
    "characters": item(unit="char"),
    "pieces": item(unit="spm"),
    "re-timed": item(live=(9.0, 9.5, 9.75)),
    "long form": long_form(),
    "long form, segment of no length": replace(long_form(), source_length=0.0),
    "long form, nothing in the segment": replace(
        long_form(), units=(), emissions=(), delays=np.array([]), elapsed=np.array([])
    ),
}


def metrics() -> Iterator[Metric]:
    registry = Registry()
    root = Path(next(iter(s2st_bench.metrics.__path__)))
    for family in FAMILIES:
        manifest = tomllib.loads((root / family / "plugin.toml").read_text(encoding="utf-8"))
        for plugin in manifest["plugin"]:
            found = registry.get("metrics", plugin["name"]).load()
            assert found.spec.name == plugin["name"]
            yield found()
            if "CA" in found.spec.variants:
                yield found(aware=True)


@pytest.mark.parametrize("metric", list(metrics()), ids=lambda m: m.name)
def test_a_value_or_a_reason(metric: Metric) -> None:
    width = None
    for case, one in CASES.items():
        metric.prepare([one])
        found = metric.stats(one)
        if isinstance(found, Unscored):
            assert found.reason, case
            continue
        assert found.ndim == 1 and np.isfinite(found).all(), (case, found)
        assert width in (None, len(found)), case
        width = len(found)
        value = metric.aggregate(found[None, :], np.ones((1, 1)))
        assert value.shape == (1,), case
        none = metric.aggregate(found[None, :], np.zeros((1, 1)))
        assert np.isnan(none).all(), case
    assert width is not None or metric.spec.name in NEEDS_A_TALK


def test_silence_has_no_latency() -> None:
    for metric in metrics():
        found = metric.stats(CASES["nothing said"])
        assert isinstance(found, Unscored) or metric.spec.unit != "ms", metric.name
