"""Many hypotheses at once give what each gives alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.batch import Batch
from s2st_bench.metric import Item, Unscored
from s2st_bench.scoring import make_metrics
from s2st_bench.types import AudioSource, Recording, Segment, Trace
from s2st_bench.units import split_units, unit_spans

NAMES = ("AL", "LAAL", "AP", "DAL", "StartOffset", "EndOffset", "YAAL")


def item(number, delays, reference="ein kleiner Test", source=4000.0, **changes):
    trace = Trace("s", f"r{number}", "de", source / 1000)
    recording = Recording(f"r{number}", AudioSource(Path("a.wav")), "en", ("de",),
                          (Segment("s", 0.0, source / 1000),))
    delays = np.array(delays, float)
    made = Item(f"r{number}", recording, recording.segments[0], trace, "",
                () if reference is None else (reference,), ("w",) * len(delays), delays,
                delays + 50 * np.arange(len(delays)), source)
    return replace(made, **changes)


def material():
    rng = np.random.default_rng(8)
    for number in range(300):
        times = rng.uniform(0, 6000, rng.integers(1, 40))
        yield item(number, times if number % 3 else np.sort(times),
                   " ".join(["w"] * rng.integers(1, 40)), float(rng.uniform(500, 5000)))
    yield item(300, [9000.0, 1.0])  # all begins after the end
    yield item(301, [])
    yield item(302, [1.0, np.nan])
    yield item(303, [1.0], "")
    yield item(304, [1.0, 4000.0, 4000.0], None)
    yield item(305, [1.0], source=0.0)
    yield item(306, [1.0], elapsed=None)
    yield item(307, np.linspace(0, 9000, 5000))  # a flood is not padded


@pytest.mark.parametrize("aware", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_same_alone_and_together(name, aware) -> None:
    items = list(material())
    suffix = "_CA" if aware else ""
    alone, together = (make_metrics([name + suffix])[0] for _ in range(2))
    wanted = [alone.stats(one) for one in items]
    found = together.stats_of(Batch(items))
    assert len(found) == len(wanted) and alone.signature() == together.signature()
    for one, many in zip(wanted, found, strict=True):
        if isinstance(one, Unscored):
            assert one == many
        else:
            assert many == pytest.approx(one, rel=1e-12, abs=1e-9)


def test_a_flood_does_not_widen_the_rectangle() -> None:
    batch = Batch(list(material()))
    padded = batch.padded(False)
    assert padded.times.shape[1] < 200 and 307 not in padded.rows
    assert batch.padded(False) is padded


@pytest.mark.parametrize("items", [[], [item(0, [])]])
def test_nothing_said_is_no_error(items) -> None:
    for metric in make_metrics(NAMES):
        assert all(isinstance(one, Unscored) for one in metric.stats_of(Batch(items)))


def test_units_counted_are_the_units_cut() -> None:
    text = "a" + "b".join(map(chr, range(0x3100))) + "c"  # every white space there is
    for unit in ("word", "char"):
        assert split_units(text, unit) == unit_spans(text, unit)[0]
