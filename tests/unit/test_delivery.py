"""A bad network: what arrives, when, and that it shows in what is measured."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2st_bench.audio import write_wav
from s2st_bench.delivery import Delivery, Packets
from s2st_bench.errors import ConfigError
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.replay.source import open_source
from s2st_bench.system import Observation, Session, System
from s2st_bench.types import AudioChunk, AudioSource, Read, Recording, Task, Write

RATE_HZ = 16_000
LENGTH_S = 2.0


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    path = tmp_path / "a.wav"
    write_wav(path, np.full(int(LENGTH_S * RATE_HZ), 0.5, np.float32), RATE_HZ)
    return Recording("a", AudioSource(path), "en", ("de",), ())


def taken(recording: Recording, delivery: Delivery) -> tuple[Any, list[float]]:
    """All samples, and when each chunk of 0.1 s was there."""
    parts, times = [], []
    with open_source(recording, RATE_HZ, 0.1, delivery) as source:
        while not source.exhausted:
            chunk = source.take(source.wanted(Read()))
            assert isinstance(chunk, AudioChunk)
            parts.append(chunk.samples)
            times.append(source.arrived_s)
    return np.concatenate(parts), times


def test_a_perfect_network_changes_nothing(recording: Recording) -> None:
    _, times = taken(recording, Delivery())
    assert times == pytest.approx([0.1 * k for k in range(1, 21)])
    assert Delivery().label() == ""


def test_delay_shifts_everything(recording: Recording) -> None:
    samples, times = taken(recording, Delivery(delay_s=0.3))
    assert times == pytest.approx([0.3 + 0.1 * k for k in range(1, 21)])
    assert (samples == np.float32(0.5)).all()


def test_jitter_is_in_order_seeded_and_of_the_recording(recording: Recording) -> None:
    network = Delivery(jitter_s=0.05, seed=3)
    _, times = taken(recording, network)
    _, perfect = taken(recording, Delivery())
    assert times == taken(recording, network)[1] == sorted(times)
    assert all(late > early for late, early in zip(times, perfect, strict=True))
    assert times != taken(recording, Delivery(jitter_s=0.05, seed=4))[1]


def test_lost_packets_are_silent(recording: Recording) -> None:
    samples, times = taken(recording, Delivery(loss=0.25, packet_s=0.01))
    packets = samples.reshape(-1, 160)
    silent = (packets == 0).all(axis=1)
    assert (silent | (packets == 0.5).all(axis=1)).all()
    assert 0.1 < silent.mean() < 0.4
    assert times == taken(recording, Delivery())[1]


def test_packets_sent_again_are_late_and_whole(recording: Recording) -> None:
    samples, times = taken(recording, Delivery(loss=0.25, lost="late", resend_s=0.2))
    assert (samples == np.float32(0.5)).all()
    late = np.subtract(times, taken(recording, Delivery())[1])
    assert 0 <= late.min() and 0.05 < late.max() <= 0.2 + 1e-9


def test_all_is_lost(recording: Recording) -> None:
    samples, _ = taken(recording, Delivery(loss=1.0))
    assert len(samples) == LENGTH_S * RATE_HZ and not samples.any()


def test_draws_do_not_depend_on_the_order_of_asking() -> None:
    network = Delivery(jitter_s=0.1, loss=0.1)
    one, other = Packets(network, "a", RATE_HZ), Packets(network, "a", RATE_HZ)
    counts = [1, 320, 321, 5_000_000, 100_000]
    forward = [one.arrival_s(n) for n in counts]
    assert forward == [other.arrival_s(n) for n in reversed(counts)][::-1]
    assert math.isfinite(forward[3]) and one.arrival_s(0) == 0.0


def test_what_is_available_has_arrived(recording: Recording) -> None:
    with open_source(recording, RATE_HZ, 0.1, Delivery(jitter_s=0.2)) as source:
        source.take(800)
        for now_s in np.linspace(0.05, 2.5, 40):
            count = source.available(float(now_s))
            assert count == 0 or source.arrival_s(count) <= now_s
            if 800 + count < int(now_s * RATE_HZ) and 800 + count < LENGTH_S * RATE_HZ:
                assert source.arrival_s(count + 1) > now_s


@pytest.mark.parametrize(("options", "says"), [
    ({"loss": 1.5}, "delivery.loss"), ({"loss": math.nan}, "delivery.loss"),
    ({"jitter_s": -1.0}, "delivery.jitter_s"), ({"packet_s": 0.0}, "delivery.packet_s"),
    ({"seed": -1}, "delivery.seed"), ({"delay_s": math.inf}, "delivery.delay_s"),
])
def test_settings_out_of_range_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Delivery(**options)


class Echo(System):
    """Says a letter for every chunk."""

    def open(self, task: Task) -> Session:
        return EchoSession()


class EchoSession(Session):
    def policy(self, observation: Observation) -> Write | Read:
        return Write(text="x") if observation.chunk is not None else Read()


@pytest.mark.parametrize("clock", ["simulated", "realtime", "ideal"])
def test_lateness_shows_in_the_trace(recording: Recording, tmp_path: Path, clock: Any) -> None:
    network = Delivery(delay_s=0.4, jitter_s=0.05)
    run = tmp_path / "run"
    (run / "pieces").mkdir(parents=True)
    (run / "spool").mkdir()
    assert isinstance(recording.source, AudioSource)
    short = dataclasses.replace(recording, source=AudioSource(recording.source.path, 0.0, 0.75))
    options = ReplayOptions(clock=clock, chunk_s=0.25, delivery=network)
    trace = replay(Echo(), short, "de", options, run).whole()
    assert trace.perturbation == "delivery(packet_s=0.02,delay_s=0.4,jitter_s=0.05,seed=0)"
    assert [step.source_s for step in trace.steps if step.writes] == pytest.approx(
        [0.25, 0.5, 0.75])
    starts = [step.jobs[0].start_s for step in trace.steps if step.writes]
    assert all(start >= source_s + 0.4 for start, source_s in
               zip(starts, (0.25, 0.5, 0.75), strict=True))
