"""Speech offsets on the playback timeline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.metric import Item, Unscored
from s2st_bench.metrics.latency.speech_atd import SpeechATD
from s2st_bench.metrics.speech_timeline.offsets import SpeechEndOffset, SpeechStartOffset
from s2st_bench.metrics.speech_timeline.silences import (
    DiscontinuityAve,
    DiscontinuityNum,
    DiscontinuitySum,
)
from s2st_bench.timed import PlaybackMetric
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
)


def item(*writes: tuple[float, float]) -> Item:
    """Each write: (source_s, seconds of speech), half a second of compute."""
    steps = tuple(
        Step(at, at, (Job(i, "s", at, at + 0.5),), (TimedWrite(i, 0.5, speech_s=s),))
        for i, (at, s) in enumerate(writes)
    )
    pieces = tuple(Piece("p", 0, int(s * 1000), 1000, i) for i, (_, s) in enumerate(writes))
    trace = Trace("s", "r", "en", 4.0, steps, pieces, outputs=("speech",))
    recording = Recording("r", AudioSource(Path("a")), "de", ("en",), (Segment("r", 0.0, 4.0),))
    return Item("r", recording, recording.segments[0], trace, "", (), (), np.array([]), None, 4e3)


def test_offsets_are_of_what_was_heard() -> None:
    two = item((1.0, 3.0), (2.0, 1.0))
    assert SpeechStartOffset().item_value(two) == pytest.approx(1000.0)
    assert SpeechEndOffset().item_value(two) == pytest.approx(1000.0)
    assert SpeechStartOffset(aware=True).item_value(two) == pytest.approx(1500.0)
    assert SpeechEndOffset(aware=True).item_value(two) == pytest.approx(1500.0)


def test_retimed_clock_moves_the_aware_offsets_only() -> None:
    retimed = replace(item((1.0, 3.0), (2.0, 1.0)), live=(3.0, 9.0))
    assert SpeechStartOffset(aware=True).item_value(retimed) == pytest.approx(3000.0)
    assert SpeechEndOffset(aware=True).item_value(retimed) == pytest.approx(6000.0)
    assert SpeechStartOffset().item_value(retimed) == pytest.approx(1000.0)
    metric = SpeechStartOffset(aware=True)
    values = [metric.item_value(i) for i in (retimed, replace(retimed, live=None), retimed)]
    assert values == pytest.approx([3000.0, 1500.0, 3000.0])


def test_atd_pairs_pieces_of_what_was_heard() -> None:
    """0.6 s at 1.0 s: source pieces end at 0.3, 0.6; heard until 1.3, 1.6 (live 1.8, 2.1)."""
    one = item((1.0, 0.6))
    assert SpeechATD().item_value(one) == pytest.approx(1000.0)
    assert SpeechATD(aware=True).item_value(one) == pytest.approx(1500.0)
    assert SpeechATD(aware=True).item_value(replace(one, live=(2.0,))) == pytest.approx(2000.0)


def test_long_form_weighs_as_one_recording() -> None:
    long = item((1.0, 3.0))
    segments = (Segment("1", 0.0, 1.0), Segment("2", 1.0, 4.0))
    long = replace(long, recording=replace(long.recording, segments=segments))
    metric = SpeechStartOffset()
    items = [*(replace(long, segment=s) for s in segments), item((3.0, 1.0))]
    rows = np.stack([np.asarray(metric.stats(i)) for i in items])
    assert metric.value(rows.sum(axis=0)) == pytest.approx(2000.0)


@pytest.mark.parametrize("metric", [SpeechStartOffset, SpeechEndOffset, SpeechATD])
def test_no_value_has_a_reason(metric: type[PlaybackMetric]) -> None:
    def reason(aware: bool = False, **change: object) -> str:
        whole = item((1.0, 3.0))
        changed = replace(whole, trace=replace(whole.trace, **change))  # type: ignore[arg-type]
        found = metric(aware=aware).stats(changed)
        assert isinstance(found, Unscored)
        return found.reason

    assert reason(pieces=()) == "no output"
    assert reason(outputs=("text",)) == "no speech output"
    assert "not measured" in reason(aware=True, clock="ideal")
    assert "text input" in reason(source_unit="tokens")
    assert "no length" in reason(source_length=0.0)
    assert "failed" in reason(error=Failure("hung", "60 s"))


def test_silences_are_between_pieces_only() -> None:
    gappy = item((1.0, 1.0), (2.0, 0.5), (3.0, 0.25), (3.5, 0.5))
    assert [float(m().item_value(gappy)) for m in  # type: ignore[arg-type]
            (DiscontinuitySum, DiscontinuityAve, DiscontinuityNum)] == pytest.approx(
        [750.0, 375.0, 2.0]
    )
    assert DiscontinuityAve().item_value(item((1.0, 1.0))) == 0.0
