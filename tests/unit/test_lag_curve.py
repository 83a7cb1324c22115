"""The lag curve by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from s2st_bench.standings.lag import lag_curve
from s2st_bench.types import AudioSource, Job, Recording, Segment, Step, TimedWrite, Trace


def test_lag_is_counted_from_an_even_pace() -> None:
    recording = Recording(
        "r", AudioSource(Path("r.wav")), "en", ("de",),
        (Segment("s", 0.0, 4.0, references={"de": ("eins zwei drei vier",)}),))
    steps = tuple(
        Step(float(i + 1), float(i + 1), (Job(i, "system", i + 1.0, i + 1.5),),
             (TimedWrite(i, 0.5, f"{word} "),))
        for i, word in enumerate(("eins", "zwei", "drei")))
    trace = Trace("x", "r", "de", 4.0, steps)
    curve = lag_curve(trace, recording)
    # 4 s over max(3 said, 4 wanted) words: due at 0, 1 and 2 s
    assert [u.behind_s for u in curve] == pytest.approx([1.0, 1.0, 1.0])
    assert [u.behind_aware_s for u in curve] == pytest.approx([1.5, 1.5, 1.5])
    mean = sum(u.behind_s for u in curve) / len(curve)
    assert mean == pytest.approx(1.0)  # LAAL of the same delays: the source never ends before


def test_a_source_of_text_has_none() -> None:
    recording = Recording("r", AudioSource(Path("r.wav")), "en", ("de",), ())
    assert lag_curve(Trace("x", "r", "de", 4.0, source_unit="tokens"), recording) == ()
