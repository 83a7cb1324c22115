"""The speech of a trace: what was heard of it, when, and what cannot be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.audio import write_wav
from s2st_bench.errors import NotComparable
from s2st_bench.metric import Unscored
from s2st_bench.sound import Sound, digest
from s2st_bench.types import Failure, Job, Piece, Speech, Step, TimedWrite, Trace

RATE = 1000


def trace_of(
    pieces: list[tuple[float, float]], compute_s: float = 0.5, clock: str = "simulated",
    cancel: frozenset[int] = frozenset(),
) -> Trace:
    """Speech of (written after source, seconds), each after ``compute_s`` of work."""
    steps, table, offset = [], [], 0
    for i, (at, seconds) in enumerate(pieces):
        job = Job(i, "system", at, at + compute_s)
        write = TimedWrite(i, compute_s, speech_s=seconds, cancel_audio=i in cancel)
        steps.append(Step(at, at, (job,), (write,)))
        n = round(seconds * RATE)
        table.append(Piece("pieces/a.wav", offset, n, RATE, i))
        offset += n
    return Trace("s", "r", "de", 10.0, tuple(steps), tuple(table), outputs=("speech",),
                 clock=clock)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder whose speech counts its samples."""
    (tmp_path / "pieces").mkdir()
    write_wav(tmp_path / "pieces" / "a.wav", np.arange(4000, dtype=np.float32) / 8000, RATE)
    return tmp_path


def test_heard_times_are_those_of_the_listener() -> None:
    sound = Sound(trace_of([(1.0, 1.0), (1.5, 0.5), (4.0, 0.25)]))
    assert sound.duration_s == 1.75
    assert sound.starts(False).tolist() == [1.0, 2.0, 4.0]
    assert sound.starts(True).tolist() == [1.5, 2.5, 4.5]
    places = np.array([0.5, 1.0, 1.25, 1.75])
    assert sound.listened(places, False).tolist() == [1.5, 2.0, 2.25, 4.25]
    assert sound.listened(places, True).tolist() == [2.0, 2.5, 2.75, 4.75]
    # where stretches meet, an end is of the one before and a start of the one after
    assert sound.listened(np.array([1.5]), False, "end").tolist() == [2.5]
    assert sound.listened(np.array([1.5]), False, "start").tolist() == [4.0]


def test_what_was_cancelled_was_not_heard(folder: Path) -> None:
    # the third write cuts the first piece, which plays, and drops the second, which waits
    sound = Sound(trace_of([(1.0, 2.0), (1.2, 0.5), (2.0, 0.5)], 0.0, cancel=frozenset({2})),
                  folder)
    assert [(s.write, s.n) for s in sound.stretches] == [(0, 1000), (2, 500)]
    speech = sound.read()
    assert isinstance(speech, Speech)
    wanted = np.concatenate([np.arange(1000), np.arange(2500, 3000)]) / 8000
    np.testing.assert_allclose(speech.samples, wanted, atol=1e-4)


def test_silence_between_pieces_is_put_back(folder: Path) -> None:
    sound = Sound(trace_of([(1.0, 1.0), (3.0, 0.5)], 0.0), folder)
    speech = sound.read()
    assert isinstance(speech, Speech)
    heard = sound.with_silence(speech)
    assert len(speech.samples) == 1500 and len(heard) == 2500
    assert not heard[1000:2000].any()
    np.testing.assert_array_equal(heard[2000:], speech.samples[1000:])


def test_no_clock_no_aware_times() -> None:
    sound = Sound(trace_of([(1.0, 1.0)], clock="ideal"))
    assert sound.starts(False).tolist() == [1.0]
    with pytest.raises(NotComparable):
        sound.starts(True)


@pytest.mark.parametrize("change, reason", [
    ({"error": Failure("raised", "x")}, "the recording failed"),
    ({"outputs": ("text",)}, "no speech output"),
    ({"pieces": ()}, "no output"),
])
def test_no_speech_has_its_reason(change: dict[str, object], reason: str, folder: Path) -> None:
    trace = replace(trace_of([(1.0, 1.0)]), **change)  # type: ignore[arg-type]
    assert Sound(trace, folder).read() == Unscored(reason)


def test_speech_that_cannot_be_read_has_its_reason(folder: Path) -> None:
    trace = trace_of([(1.0, 3.0), (2.0, 3.0)])
    late = Sound(trace, folder).read()
    assert isinstance(late, Unscored) and "ends before the trace's piece" in late.reason
    gone = Sound(trace, folder / "elsewhere").read()
    assert isinstance(gone, Unscored) and "no such file" in gone.reason
    unknown = Sound(trace).read()
    assert isinstance(unknown, Unscored) and "not at hand" in unknown.reason
    rate = Sound(replace(trace, pieces=(Piece("pieces/a.wav", 0, 10, 999, 0),)), folder).read()
    assert isinstance(rate, Unscored) and "the trace says 999" in rate.reason


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.01, 2)), min_size=1, max_size=8),
       st.floats(0, 2))
def test_later_in_the_speech_is_never_heard_earlier(
    parts: list[tuple[float, float]], compute_s: float
) -> None:
    sound = Sound(trace_of(sorted(parts), compute_s))
    places = np.linspace(0.0, sound.duration_s, 50)
    for aware in (False, True):
        assert (np.diff(sound.listened(places, aware)) >= -1e-6).all()
        last = sound.listened(np.array([sound.duration_s]), aware)[0]
        assert last == pytest.approx(sound.starts(aware)[-1] + sound.stretches[-1].duration_s)


def test_a_digest_names_samples_and_rate() -> None:
    samples = np.zeros(10, np.float32)
    assert digest(samples, 8000) != digest(samples, 16000) != digest(samples[1:], 16000)
