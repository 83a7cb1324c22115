"""Audio as it comes: chunks do not depend on how it was cut, and nothing waits for ever."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.audio import resampled
from s2st_bench.clock import IdealClock, RealtimeClock
from s2st_bench.errors import SystemFailure
from s2st_bench.limits import Limits
from s2st_bench.serve.live import Abandoned, LiveRecord, LiveSource, Output
from s2st_bench.types import Read, Speech, Write


def source(from_hz: int = 16_000, chunk_s: float = 0.01) -> LiveSource:
    return LiveSource(from_hz, 16_000, chunk_s, RealtimeClock(), lambda: None)


def chunks(live: LiveSource) -> list[np.ndarray]:
    found = []
    while not live.exhausted:
        chunk = live.take(live.wanted(Read()))
        assert chunk.is_last == live.exhausted and chunk.sample_rate_hz == 16_000
        found.append(chunk.samples)
    return found


@given(st.lists(st.integers(1, 700), max_size=20))
def test_chunks_are_the_same_however_the_audio_is_cut(lengths: list[int]):
    samples = np.arange(sum(lengths), dtype=np.float32)
    live = source()
    for part in np.split(samples, np.cumsum(lengths)[:-1]) if lengths else []:
        live.push(part)
    live.end()
    found = chunks(live)
    assert [len(c) for c in found[:-1]] == [160] * (len(found) - 1)
    assert (np.concatenate(found) == samples).all()
    assert live.position == live.received[0] == len(samples) / 16_000


def test_another_rate_is_resampled_as_a_whole_would_be():
    tone = np.sin(np.arange(24_000) * 0.05).astype(np.float32)
    live = source(from_hz=48_000)
    for part in np.array_split(tone, 37):
        live.push(part)
    live.end()
    heard = np.concatenate(chunks(live))
    assert len(heard) == 8_000 and live.received[0] == 0.5
    np.testing.assert_allclose(heard, resampled(tone, 48_000, 16_000), atol=1e-4)


def test_a_chunk_is_handed_out_as_soon_as_it_is_there():
    live = source()
    took: list[float] = []
    reader = threading.Thread(target=lambda: took.append(live.take(160).duration_s))
    reader.start()
    live.push(np.zeros(100, np.float32))
    assert live.available(0.0) == 100 and live.arrival_s(100) <= live.arrival_s(160) == np.inf
    live.push(np.zeros(60, np.float32))
    reader.join(5)
    assert took == [0.01] and live.backlog_s == 0


def test_the_time_of_a_chunk_is_that_of_its_last_sample():
    clock = IdealClock()
    live = LiveSource(16_000, 16_000, 0.01, clock, lambda: None)
    for at_s in (1.0, 2.0, 3.0):
        clock.release(at_s)
        live.push(np.zeros(100, np.float32))
    live.take(160)
    assert live.arrived_s == 2.0
    live.take(40)
    assert live.arrived_s == 2.0
    live.take(1)
    assert live.arrived_s == 3.0


def test_whoever_waits_for_a_listener_that_left_is_woken():
    live = source()
    woken: list[bool] = []

    def wait() -> None:
        with pytest.raises(Abandoned):
            live.take(1)
        woken.append(True)

    reader = threading.Thread(target=wait)
    reader.start()
    live.abandon()
    reader.join(5)
    assert woken == [True]


def record() -> tuple[LiveRecord, list[Output]]:
    said: list[Output] = []
    return LiveRecord(Limits(), source(), RealtimeClock(), said.append), said


def test_what_is_taken_back_is_told_as_text():
    live, said = record()
    for write in (Write("Guten Tag"), Write("Abend", retract_chars=3), Write(retract_chars=11)):
        live.check(write)
    assert [(o.new, o.deleted) for o in said] == [
        ("Guten Tag", ""), ("Abend", "Tag"), ("", "Guten Abend")]
    with pytest.raises(SystemFailure, match="took back 1"):
        live.check(Write(retract_chars=1))


def test_every_chunk_is_told_of_once_and_inner_stages_are_not():
    live, said = record()
    live.check(Write("hello"), stage="asr", output=False)
    live.step(0.32, 0.33, (), [], 0.4)
    assert [(o.new, o.source_s) for o in said] == [("", 0.32)]
    live.check(Write("hallo"))
    live.check(Write(audio=Speech(np.zeros(4, np.float32), 16_000), cancel_audio=True))
    live.step(0.64, 0.65, (), [], 0.7)
    assert [(o.new, o.is_cancel, o.speech is None) for o in said[1:]] == [
        ("hallo", False, True), ("", True, False)]
