"""How the cascade cuts a stream into utterances, with Silero's gate over given probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from s2st_bench.errors import ConfigError
from s2st_bench.systems.cascade.energy import EnergyVad
from s2st_bench.systems.cascade.utterances import Utterances
from s2st_bench.systems.cascade.vad import FRAME_S, FRAME_SAMPLES, RATE_HZ
from s2st_bench.types import Samples


class Given:
    """A frame's probability is its first sample."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> npt.NDArray[np.float32]:
        joined = np.concatenate([self._rest, samples])
        count = len(joined) // FRAME_SAMPLES
        self._rest = joined[count * FRAME_SAMPLES :]
        return joined[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES)[:, 0]


def stream(*parts: tuple[float, int]) -> Samples:
    """(probability, frames) after one another."""
    return np.concatenate([np.full(n * FRAME_SAMPLES, p, np.float32) for p, n in parts])


def cut(audio: Samples, chunk: int, **settings: float) -> list[list[Samples]]:
    utterances = Utterances(Given(), **settings)
    found: list[list[Samples]] = [[]]
    pieces = [p for i in range(0, len(audio), chunk) for p in utterances.push(audio[i : i + chunk])]
    for piece in [*pieces, *utterances.finish()]:
        if piece is None:
            found.append([])
        else:
            found[-1].append(piece)
    assert found[-1] == [], "an utterance was left open"
    return found[:-1]


@pytest.mark.parametrize("chunk", [100, 512, 5120, 10**6])
def test_two_utterances_with_their_pre_roll_and_no_pause(chunk: int) -> None:
    audio = stream((0.1, 20), (0.9, 30), (0.0, 40), (0.8, 10), (0.0, 40))
    first, second = cut(audio, chunk, min_silence_s=10 * FRAME_S, preroll_s=4 * FRAME_S)
    heard = np.concatenate(first)
    assert np.array_equal(heard, stream((0.1, 4), (0.9, 30), (0.0, 10)))
    assert np.array_equal(np.concatenate(second), stream((0.0, 4), (0.8, 10), (0.0, 10)))


def test_the_end_of_the_stream_ends_an_utterance_to_the_last_sample() -> None:
    audio = np.concatenate([stream((0.0, 5), (0.9, 20)), np.full(100, 0.9, np.float32)])
    (only,) = cut(audio, 5120, preroll_s=FRAME_S)
    assert sum(map(len, only)) == 21 * FRAME_SAMPLES + 100


def test_an_endless_utterance_is_cut() -> None:
    found = cut(stream((0.9, 320)), 5120, max_s=100 * FRAME_S)
    assert [sum(map(len, u)) // FRAME_SAMPLES for u in found] == [100, 100, 100, 20]


def test_silence_is_no_utterance() -> None:
    assert cut(stream((0.1, 100)), 5120) == []
    assert cut(np.zeros(0, np.float32), 5120) == []


def test_too_short_a_limit_is_refused() -> None:
    with pytest.raises(ConfigError, match="max_utterance_s"):
        Utterances(Given(), max_s=0.5)


def test_energy_tells_a_tone_from_its_noise() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.003, 4 * RATE_HZ).astype(np.float32)
    time_s = np.arange(RATE_HZ) / RATE_HZ
    noise[2 * RATE_HZ : 3 * RATE_HZ] += 0.2 * np.sin(2 * np.pi * 300 * time_s).astype(np.float32)
    vad = EnergyVad()
    parts = [vad.push(noise[i : i + 1000]) for i in range(0, len(noise), 1000)]
    probability = np.concatenate(parts)
    assert len(probability) == len(noise) // FRAME_SAMPLES
    at = np.arange(len(probability)) * FRAME_S
    assert probability[(at > 2.1) & (at < 2.9)].min() > 0.5
    assert probability[(at > 0.5) & (at < 1.9)].max() < 0.35
