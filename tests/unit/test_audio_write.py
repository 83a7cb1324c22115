"""Writing pieces, rendering timelines, mixing, peaks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.audio import (
    PieceWriter,
    TimelinePiece,
    Track,
    info,
    mixdown,
    open_frames,
    peaks,
    read_audio,
    render_timeline,
    write_wav,
)
from s2st_bench.errors import AudioError


def tone(seconds: float, rate_hz: int, pitch_hz: float = 300.0) -> np.ndarray:
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    return (0.4 * np.sin(2 * np.pi * pitch_hz * t)).astype(np.float32)


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def test_pieces_lie_gapless_and_read_back(tmp_path: Path) -> None:
    speech = [tone(0.1 * k, 22_050, 200 + 50 * k) for k in (3, 1, 4, 0, 5)]
    with PieceWriter(tmp_path / "rec.1") as writer:
        pieces = [writer.append(samples, 22_050) for samples in speech]
        writer.sync()
    assert [p.path.name for p in pieces] == ["rec.1.wav"] * 5
    assert [p.offset for p in pieces] == [0, *np.cumsum([len(s) for s in speech])[:-1]]
    for piece, samples in zip(pieces, speech, strict=True):
        with open_frames(piece.path, piece.offset, piece.length) as reader:
            assert np.abs(reader.read(100_000) - samples).max(initial=0) <= 0.5001 / 32_768
    assert writer.clipped == 0


def test_another_rate_begins_another_file(tmp_path: Path) -> None:
    with PieceWriter(tmp_path / "rec") as writer:
        pieces = [writer.append(tone(0.1, r), r) for r in (16_000, 24_000, 24_000, 16_000)]
    assert [p.path.name for p in pieces] == ["rec.wav", "rec.2.wav", "rec.2.wav", "rec.3.wav"]
    assert [p.offset for p in pieces] == [0, 0, 2_400, 0]
    assert [info(p.path).sample_rate_hz for p in pieces] == [16_000, 24_000, 24_000, 16_000]


def test_clipping_is_counted_and_sixteen_bits_survive(tmp_path: Path) -> None:
    exact = (np.arange(-32_768, 32_768, 7) / 32_768).astype(np.float32)
    assert write_wav(tmp_path / "a.wav", exact, 16_000) == 0
    assert np.array_equal(read_audio(tmp_path / "a.wav"), exact)
    with PieceWriter(tmp_path / "b") as writer:
        writer.append(np.array([0, 1.5, -2, 1, -1], np.float32), 16_000)
        assert writer.clipped == 2
    assert read_audio(tmp_path / "b.wav").tolist() == pytest.approx([0, 1, -1, 1, -1], abs=1e-4)


@pytest.mark.parametrize(
    "bad",
    [np.array([0.0, np.nan]), np.array([np.inf]), np.zeros((2, 2)), np.zeros(3, np.int16)],
)
def test_what_cannot_be_speech_is_refused_and_nothing_is_written(
    tmp_path: Path, bad: np.ndarray
) -> None:
    with PieceWriter(tmp_path / "a") as writer:
        writer.append(tone(0.1, 16_000), 16_000)
        with pytest.raises(AudioError, match="a.wav"):
            writer.append(bad, 16_000)
        assert writer.append(tone(0.1, 16_000), 16_000).offset == 1_600


def test_a_killed_writer_leaves_its_pieces_readable(tmp_path: Path) -> None:
    program = (
        "import sys, time, numpy as np\n"
        "from s2st_bench.audio import PieceWriter\n"
        f"w = PieceWriter({str(tmp_path / 'k')!r})\n"
        "for k in range(7): w.append(np.full(1000, k / 10, np.float32), 16000)\n"
        "print('ready', flush=True); time.sleep(60)\n"
    )
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    samples = read_audio(tmp_path / "k.wav")
    assert np.abs(samples - np.repeat(np.arange(7) / 10, 1000)).max() < 1e-4


def test_a_timeline_puts_each_piece_at_its_time(tmp_path: Path) -> None:
    with PieceWriter(tmp_path / "p") as writer:
        stored = [writer.append(np.full(1_600, v, np.float32), 16_000) for v in (0.1, 0.2, 0.3)]
    starts = (0.25, 0.5, 0.55)  # the third would begin before the second has ended
    timeline = [
        TimelinePiece(s, p.path, p.offset, p.length) for s, p in zip(starts, stored, strict=True)
    ]
    assert render_timeline(timeline, tmp_path / "out.wav", 16_000) == 0.7
    want = np.zeros(11_200)
    for start, value in ((4_000, 0.1), (8_000, 0.2), (9_600, 0.3)):
        want[start : start + 1_600] = value
    assert np.abs(read_audio(tmp_path / "out.wav") - want).max() < 1e-4
    assert render_timeline([], tmp_path / "none.wav", 16_000) == 0.0


def test_a_timeline_of_pieces_at_several_rates_as_opus(tmp_path: Path) -> None:
    timeline = []
    for k, rate_hz in enumerate((22_050, 16_000)):
        write_wav(tmp_path / f"{k}.wav", tone(1.0, rate_hz), rate_hz)
        timeline.append(TimelinePiece(1.0 + 2 * k, tmp_path / f"{k}.wav", 0, rate_hz))
    assert render_timeline(timeline, tmp_path / "out.opus", 22_050) == pytest.approx(4.0, abs=1e-3)
    header = info(tmp_path / "out.opus")
    assert (header.sample_rate_hz, header.format) == (24_000, "OGG/OPUS")
    heard = read_audio(tmp_path / "out.opus")
    levels = [rms(heard[k * 16_000 + 1_600 : (k + 1) * 16_000 - 1_600]) for k in range(4)]
    assert levels == pytest.approx([0, 0.283, 0, 0.283], abs=0.03)


def test_a_mix_is_the_sum_and_as_long_as_the_longest(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(6.0, 16_000), 16_000)
    write_wav(tmp_path / "b.wav", tone(9.0, 16_000, 500.0), 16_000)
    tracks = [Track(tmp_path / "a.wav"), Track(tmp_path / "b.wav", gain=0.5)]
    assert mixdown(tracks, tmp_path / "mix.flac", 16_000) == 9.0
    want = 0.5 * tone(9.0, 16_000, 500.0)
    want[: 6 * 16_000] += tone(6.0, 16_000)
    assert np.abs(read_audio(tmp_path / "mix.flac") - want).max() < 1e-4


def test_where_a_listening_file_cannot_go(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="must end in one of .wav"):
        render_timeline([], tmp_path / "a.mp9", 16_000)
    with pytest.raises(AudioError, match="cannot be written"):
        render_timeline([], tmp_path / "nowhere" / "a.wav", 16_000)
    with pytest.raises(AudioError, match="cannot start at nan"):
        render_timeline([TimelinePiece(float("nan"), tmp_path, 0, 1)], tmp_path / "a.wav", 16_000)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(0, 200_000), buckets=st.integers(1, 3_000), seed=st.integers(0, 9))
def test_peaks_are_the_extremes_of_each_bucket(
    tmp_path_factory: pytest.TempPathFactory, n: int, buckets: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("peaks") / "a.wav"
    samples = np.random.default_rng(seed).uniform(-1, 1, n).astype(np.float32)
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    got = peaks(path, buckets)
    assert got.shape == (buckets, 2) and got.dtype == np.float32
    for b in range(0, buckets, max(1, buckets // 50)):
        start, stop = b * n // buckets, (b + 1) * n // buckets
        part = samples[start : max(stop, start + 1)] if n else np.zeros(1, np.float32)
        assert (got[b, 0], got[b, 1]) == (part.min(), part.max())


def test_peaks_of_an_mp3_whose_header_only_estimates(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.mp3", tone(3.0, 16_000), 16_000, format="MP3")
    got = peaks(tmp_path / "a.mp3", 30)
    assert np.all(got[3:27, 1] > 0.3) and np.all(got[3:27, 0] < -0.3)
