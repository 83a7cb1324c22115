"""What every metric plugin keeps: a value or a reason for whatever a system does, never a crash."""

import inspect
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.errors import DependencyError
from s2st_bench.items import items, lost_trace
from s2st_bench.metric import Metric, Unscored
from s2st_bench.registry import Registry
from s2st_bench.signature import SHORT, Signature
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Recording,
    Segment,
    Step,
    TextSource,
    TimedWrite,
    Trace,
)

REGISTRY = Registry()
NAMES = REGISTRY.names("metrics")


def recording(references=("ein  kleiner\tTest .",), *, source=None, end_s=4.0, segments=1):
    made = tuple(Segment(str(i), i * end_s, (i + 1) * end_s, "a small test",
                         {"de": tuple(references)}) for i in range(segments))
    return Recording("r", source or AudioSource(Path("x.wav"), 0, end_s * segments), "en",
                     ("de",), made)


def said(writes, length=4.0, **changes):
    steps = tuple(
        Step(at, at, (Job(i, "system", at, at + 0.1),), (TimedWrite(i, 0.1, text, retract),))
        for i, (at, text, retract) in enumerate(writes)
    )
    return Trace("sys", "r", "de", length, steps, **changes)


USUAL = [(1.0, "ein ", 0), (2.0, "kleiner ", 0), (3.0, "Test.", 0)]
CASES = {
    "usual": (said(USUAL), recording()),
    "silent": (said([]), recording()),
    "only spaces": (said([(1.0, "  ", 0)]), recording()),
    "one unit": (said([(1.0, "ein", 0)]), recording()),
    "no-break space": (said([(1.0, "ein kleiner", 0)]), recording()),
    "taken back": (said([*USUAL, (3.5, "", 5)]), recording()),
    "all taken back": (said([(1.0, "ein", 0), (2.0, "", 3)]), recording()),
    "all after the end": (said([(9.0, "ein ", 0), (9.0, "Test", 0)]), recording()),
    "backwards": (said([(3.0, "ein ", 0), (1.0, "Test", 0)]), recording()),
    "no reference": (said(USUAL), recording(())),
    "empty reference": (said(USUAL), recording(("",))),
    "two references": (said(USUAL), recording(("ein Test", "kleiner Test"))),
    "no segments": (said(USUAL), recording(segments=0)),
    "no source": (said(USUAL, 0.0), recording(end_s=0.0)),
    "ideal": (said(USUAL, clock="ideal"), recording()),
    "speech only": (said([], outputs=("speech",)), recording()),
    "text input": (said([(1, "ein ", 0), (3, "Test", 0)], 3, source_unit="tokens", clock="ideal"),
                   recording(source=TextSource(("a", "small", "test")))),
    "failed": (said(USUAL, error=Failure("died", "exit 1")), recording()),
    "failed at text input": (said([], 3, source_unit="tokens", error=Failure("died", "x")),
                             recording(source=TextSource(("a", "small", "test")))),
    "lost": (lost_trace(recording(), "de"), recording()),
    "long form": (said([(1.0, "ein ", 0), (6.0, "kleiner ", 0)], 8.0), recording(segments=2)),
    "a flood": (said([(1.0, "ja " * 300, 0)]), recording()),
    "controls": (said([(1.0, "\x00\x1b[2J \u202e", 0)]), recording()),
}


def make(name, **options) -> Metric:
    plugin = REGISTRY.get("metrics", name)
    if plugin.missing():
        pytest.skip(f"{name} needs {', '.join(plugin.missing())}: {plugin.pip_line}")
    try:
        made = plugin.load()
        parameters = inspect.signature(made).parameters
        if "checkpoint" in parameters:
            pytest.skip(f"{name} needs a checkpoint; tests/unit/test_neural_metrics.py makes some")
        if "sheet" in parameters:
            pytest.skip(f"{name} needs a sheet; tests/unit/test_human_metrics.py writes some")
        return made(**options)
    except DependencyError as error:
        pytest.skip(str(error))


def variants(name):
    yield make(name)
    if "CA" in make(name).spec.variants:
        yield make(name, aware=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_value_or_a_reason_in_every_case(name) -> None:
    for case, (trace, spoken) in CASES.items():
        for metric in variants(name):
            found = items(trace, spoken)
            metric.prepare(found)
            for item in found:
                stats = metric.stats(item)
                if isinstance(stats, Unscored):
                    assert stats.reason, case
                    continue
                assert stats.ndim == 1 and np.isfinite(stats).all(), case
                value = metric.aggregate(np.stack([stats]), np.ones((1, 1)))
                # one item's share of a pooled ratio may be undefined; the table then says so
                assert value.shape == (1,), case


@pytest.mark.parametrize("name", NAMES)
def test_the_name_is_the_manifests_and_the_spec_is_whole(name) -> None:
    metric = make(name)
    assert metric.name == metric.spec.name == name
    assert metric.spec.unit in ("ms", "%", "") or metric.spec.unit
    assert metric.spec.source and set(metric.spec.variants) <= {"CU", "CA"}
    assert metric.spec.needs <= {"text", "speech", "reference", "transcript", "words", "compute",
                                 "audio_source"}


@pytest.mark.parametrize("name", NAMES)
def test_settings_can_stand_in_a_signature(name) -> None:
    for metric in variants(name):
        metric.prepare(found := items(*CASES["usual"]))
        metric.stats(found[0])
        settings = dict(metric.signature())
        assert all(isinstance(key, str) and isinstance(v, str) for key, v in settings.items())
        signature = Signature.of({"metric": metric.name}, settings)
        assert Signature.parse(signature.short()) == signature
        assert not set(settings) & {"metric", "unit", "clock", "ca", "corpus", "interval"}
        assert not {k for k in settings if k not in SHORT and k in SHORT.values()}


@pytest.mark.parametrize("name", NAMES)
def test_totals_of_nothing_are_no_number_and_no_error(name) -> None:
    (metric, *_) = variants(name)
    metric.prepare(found := items(*CASES["usual"]))
    stats = metric.stats(found[0])
    if isinstance(stats, Unscored):
        pytest.skip(stats.reason)
    values = metric.aggregate(np.stack([stats, stats]), np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert values.shape == (2,) and np.isfinite(values[1])
