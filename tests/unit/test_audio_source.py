"""The source stream: chunk sizes, the last chunk, causality, cost and memory."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.audio import SourceStream, read_audio, resampler_delay_s, source_stream
from s2st_bench.audio.resample import Resampler

RATES_HZ = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)


def noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, n).astype(np.float32)


def save(path: Path, samples: np.ndarray, rate_hz: int) -> Path:
    soundfile.write(path, samples, rate_hz, subtype="FLOAT")
    return path


def chunks(stream: SourceStream, sizes: list[int]) -> list[np.ndarray]:
    """All chunks, the sizes taken in turn, and checks of what ``take`` promises about each."""
    out: list[np.ndarray] = []
    is_last = False
    while not is_last:
        n = sizes[len(out) % len(sizes)]
        chunk, is_last = stream.take(n)
        assert chunk.dtype == np.float32 and chunk.flags.writeable
        assert len(chunk) == n or is_last
        out.append(chunk)
    assert len(stream.take(5)[0]) == 0 and stream.take(5)[1]
    return out


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("rates")
    return {r: save(folder / f"{r}.wav", noise(int(1.7 * r)), r) for r in RATES_HZ}


@settings(max_examples=40, deadline=None)
@given(
    rate_hz=st.sampled_from(RATES_HZ),
    sizes=st.lists(st.integers(1, 30_000), min_size=1, max_size=5).filter(lambda s: max(s) > 200),
)
def test_chunk_sizes_do_not_change_the_samples(
    files: dict[int, Path], rate_hz: int, sizes: list[int]
) -> None:
    with source_stream(files[rate_hz]) as stream:
        parts = chunks(stream, sizes)
        assert stream.given == sum(map(len, parts))
        assert abs(stream.arrival_s(stream.given) - 1.7) < 1e-3
    assert np.array_equal(np.concatenate(parts), read_audio(files[rate_hz]))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_resampling_equals_the_offline_resampler(files: dict[int, Path], rate_hz: int) -> None:
    want = soxr.resample(soundfile.read(files[rate_hz], dtype="float32")[0], rate_hz, 16_000, "HQ")
    got = read_audio(files[rate_hz])
    assert len(got) == len(want)
    assert np.abs(got - want).max() < 1e-5


@pytest.mark.parametrize(
    ("length", "n", "count"),
    [(0, 100, 1), (100, 100, 1), (300, 100, 3), (301, 100, 4), (131_072, 65_536, 2)],
)
def test_the_last_chunk_is_known_when_it_is_given(
    tmp_path: Path, length: int, n: int, count: int
) -> None:
    with source_stream(save(tmp_path / "a.wav", noise(length), 16_000)) as stream:
        flags = []
        while not flags or not flags[-1]:
            flags.append(stream.take(n)[1])
    assert flags == [False] * (count - 1) + [True]


def test_arrival_without_resampling_is_the_time_of_the_samples(tmp_path: Path) -> None:
    with source_stream(save(tmp_path / "a.wav", noise(16_000), 16_000)) as stream:
        assert stream.delay_s == 0
        assert [stream.arrival_s(n) for n in (0, 5_120, 16_000)] == [0, 0.32, 1]


@settings(max_examples=30, deadline=None)
@given(
    rate_hz=st.sampled_from([r for r in RATES_HZ if r != 16_000]),
    target_hz=st.sampled_from([8_000, 16_000, 22_050, 24_000]),
    n=st.integers(1, 20_000),
    seed=st.integers(0, 99),
)
def test_audio_after_the_arrival_cannot_change_what_was_given(
    tmp_path_factory: pytest.TempPathFactory, rate_hz: int, target_hz: int, n: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("causal")
    samples = noise(int(1.5 * rate_hz), seed)
    path = save(folder / "a.wav", samples, rate_hz)
    with source_stream(path, rate_hz=target_hz) as stream:
        before, _ = stream.take(n)
        arrival_s = stream.arrival_s(len(before))
    assert arrival_s <= 1.5
    changed = samples.copy()
    changed[int(np.ceil(arrival_s * rate_hz)) :] = noise(1, seed + 1)
    with source_stream(save(folder / "b.wav", changed, rate_hz), rate_hz=target_hz) as stream:
        after, _ = stream.take(n)
    assert np.array_equal(before, after)


@settings(max_examples=25, deadline=None)
@given(
    from_hz=st.one_of(st.sampled_from(RATES_HZ), st.integers(6_000, 60_000)),
    to_hz=st.sampled_from([8_000, 16_000, 22_050, 24_000, 48_000]),
    step=st.integers(50, 3_000),
)
def test_a_resampler_fed_live_answers_within_its_delay(from_hz: int, to_hz: int, step: int) -> None:
    if from_hz == to_hz:
        return
    delay_s = resampler_delay_s(from_hz, to_hz)
    resampler = Resampler(from_hz, to_hz)
    produced = 0
    for pushed in range(step, 3 * from_hz, step):
        produced += len(resampler.push(np.zeros(step, np.float32)))
        assert produced >= int((pushed / from_hz - delay_s) * to_hz)


def test_the_hash_is_of_the_decoded_slice(tmp_path: Path) -> None:
    samples = (noise(100_000) * 32_768).astype(np.int16)
    for suffix in ("wav", "flac"):
        soundfile.write(tmp_path / f"a.{suffix}", samples, 24_000)
    slice_ = (samples[12_000:36_000] / 32_768).astype("<f4")
    want = hashlib.sha256(slice_.tobytes()).hexdigest()
    for suffix, rate_hz, n in (("wav", 16_000, 700), ("flac", 24_000, 5_000)):
        path = tmp_path / f"a.{suffix}"
        with source_stream(path, 0.5, 1.0, rate_hz, hash=True) as stream:
            stream.take(10)
            chunks(stream, [n])
            assert stream.sha256() == want
    with source_stream(path) as stream:
        chunks(stream, [9_000])
        assert stream.sha256() is None


def test_taking_nothing_is_a_mistake(tmp_path: Path) -> None:
    with source_stream(save(tmp_path / "a.wav", noise(10), 16_000)) as stream:
        with pytest.raises(ValueError, match="n must be"):
            stream.take(0)


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Two minutes in small chunks stay far below the 7.7 MB they decode to."""
    path = tmp_path / "long.wav"
    soundfile.write(path, noise(16_000 * 120), 16_000)
    tracemalloc.start()
    with source_stream(path) as stream:
        is_last = False
        while not is_last:
            is_last = stream.take(320)[1]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.slow
@pytest.mark.parametrize(("rate_hz", "suffix"), [(16_000, "wav"), (44_100, "flac")])
def test_a_recording_of_two_and_a_half_hours_in_flat_memory(
    tmp_path: Path, rate_hz: int, suffix: str
) -> None:
    path = tmp_path / f"long.{suffix}"
    minute = noise(60 * rate_hz)
    with soundfile.SoundFile(path, "w", rate_hz, 1, subtype="PCM_16") as file:
        for _ in range(150):
            file.write(minute)
    tracemalloc.start()
    total = 0
    with source_stream(path) as stream:
        is_last = False
        while not is_last:
            chunk, is_last = stream.take(5_120)
            total += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    path.unlink()
    assert total == 150 * 60 * 16_000
    assert peak < 20_000_000
