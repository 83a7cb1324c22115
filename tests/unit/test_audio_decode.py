"""Decoding: formats, rates and channels; slices against the full decode; hostile files."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s2st_bench.audio import info, open_audio, open_frames, read_audio
from s2st_bench.errors import AudioError

SPEECH = Path(__file__).parents[3] / "shared" / "speech"
SUBTYPES = {
    "wav": ("WAV", "PCM_16"),
    "f32.wav": ("WAV", "FLOAT"),
    "flac": ("FLAC", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "opus": ("OGG", "OPUS"),
    "ogg": ("OGG", "VORBIS"),
}
CASES = [
    (suffix, rate_hz, channels)
    for suffix in SUBTYPES
    for rate_hz in (8_000, 16_000, 22_050, 44_100, 48_000)
    for channels in (1, 2)
    if not (suffix == "opus" and rate_hz in (22_050, 44_100))
] + [("wav", 16_000, 6), ("flac", 96_000, 1), ("wav", 11_025, 3)]


def voice(seconds: float, rate_hz: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    """A gliding tone with noise, different in each channel: ``float32[n, channels]``."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate_hz))[:, None] / rate_hz
    tone = np.sin(2 * np.pi * (200 + 40 * np.arange(channels)) * t * (1 + 0.1 * t))
    noise = rng.standard_normal((len(t), channels))
    return (0.3 * tone + 0.05 * noise).astype(np.float32)


def write(folder: Path, suffix: str, rate_hz: int, channels: int, seconds: float = 2.0) -> Path:
    path = folder / f"a_{rate_hz}_{channels}.{suffix}"
    container, subtype = SUBTYPES[suffix]
    samples = voice(seconds, rate_hz, channels)
    soundfile.write(path, samples, rate_hz, format=container, subtype=subtype)
    return path


def decode(path: Path, block: int = 4_096, **window: float) -> np.ndarray:
    parts = []
    with open_audio(path, **window) as reader:
        while len(samples := reader.read(block)):
            parts.append(samples)
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


@pytest.mark.parametrize(("suffix", "rate_hz", "channels"), CASES)
def test_every_format_rate_and_channel_count_decodes(
    tmp_path: Path, suffix: str, rate_hz: int, channels: int
) -> None:
    path = write(tmp_path, suffix, rate_hz, channels)
    header = info(path)
    assert (header.sample_rate_hz, header.channels) == (rate_hz, channels)
    samples = decode(path)
    assert samples.dtype == np.float32 and samples.ndim == 1
    assert abs(len(samples) / rate_hz - 2.0) < 0.06
    want = voice(2.0, rate_hz, channels).mean(axis=1)
    if suffix in ("wav", "flac", "aiff", "f32.wav"):
        assert header.exact and header.frames == len(samples) == len(want)
        assert np.abs(samples - want).max() < 1e-4
    else:
        loud = np.sqrt(np.mean(samples**2)) / np.sqrt(np.mean(want**2))
        assert 0.7 < loud < 1.3
    assert np.array_equal(decode(path, block=577), samples)
    sixth = decode(path, offset_s=1.0 / 6, duration_s=0.5)
    start = int(1.0 / 6 * rate_hz)
    assert np.array_equal(sixth, samples[start : start + int(0.5 * rate_hz)])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, np.ndarray]]:
    """One file of each format, three seconds of stereo, with its full decode."""
    folder = tmp_path_factory.mktemp("library")
    rates = {"opus": 24_000, "mp3": 22_050}
    files = {s: write(folder, s, rates.get(s, 16_000), 2, seconds=3.0) for s in SUBTYPES}
    return {suffix: (path, decode(path)) for suffix, path in files.items()}


@pytest.mark.parametrize("suffix", SUBTYPES)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    offset_s=st.floats(0, 2.9),
    duration_s=st.one_of(st.none(), st.floats(0, 4)),
    block=st.integers(1, 90_000).filter(lambda n: n > 300),
)
def test_a_slice_is_bit_equal_to_the_full_decode(
    library: dict[str, tuple[Path, np.ndarray]],
    suffix: str,
    offset_s: float,
    duration_s: float | None,
    block: int,
) -> None:
    path, full = library[suffix]
    rate_hz = info(path).sample_rate_hz
    start = int(offset_s * rate_hz)
    stop = None if duration_s is None else start + int(duration_s * rate_hz)
    window = {"offset_s": offset_s} | ({} if duration_s is None else {"duration_s": duration_s})
    assert np.array_equal(decode(path, block, **window), full[start:stop])


@pytest.mark.parametrize("suffix", ["wav", "f32.wav", "flac", "aiff"])
def test_samples_are_those_of_libsndfile(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, suffix, 16_000, 1)
    assert np.array_equal(decode(path), soundfile.read(path, dtype="float32")[0])


def test_frames_give_the_slice_that_seconds_would_round_away(tmp_path: Path) -> None:
    path = write(tmp_path, "wav", 16_000, 1)
    with open_frames(path, 4_639, 3) as reader:
        assert np.array_equal(reader.read(10), decode(path)[4_639:4_642])


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg to write VBR mp3 and m4a")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vbr.mp3", ["-q:a", "7"]),
        ("vbr_without_header.mp3", ["-q:a", "7", "-write_xing", "0"]),
        ("low_rate.mp3", ["-ar", "22050", "-b:a", "32k"]),
        ("voice.opus", ["-ar", "48000", "-b:a", "24k", "-c:a", "libopus"]),
        ("aac.m4a", ["-c:a", "aac"]),
        ("streamed.flac", ["-f", "flac"]),
    ],
)
def test_slices_of_files_other_programs_wrote(
    tmp_path: Path, name: str, options: list[str]
) -> None:
    source = write(tmp_path, "wav", 44_100, 2, seconds=8.0)
    path = tmp_path / name
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(source), *options]
    if name == "streamed.flac":  # to a pipe, so that the header cannot state the length
        path.write_bytes(subprocess.run([*command, "-"], check=True, capture_output=True).stdout)
    else:
        subprocess.run([*command, str(path)], check=True)
    full = decode(path, 1 << 16)
    rate_hz = info(path).sample_rate_hz
    assert abs(len(full) / rate_hz - 8.0) < 0.1
    assert np.array_equal(decode(path, 1_000), full)
    for offset_s in (0.01, 0.5, 3.3, 7.5):
        start = int(offset_s * rate_hz)
        stop = start + int(0.4 * rate_hz)
        assert np.array_equal(decode(path, offset_s=offset_s, duration_s=0.4), full[start:stop])
    with pytest.raises(AudioError, match="correct the offset"):
        open_audio(path, offset_s=9.0)


def test_m4a_without_ffmpeg_is_a_named_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "a.m4a"
    path.write_bytes(b"\x00\x00\x00\x1cftypM4A " + bytes(500))
    with pytest.raises(AudioError, match="a.m4a.*ffmpeg, which is not installed"):
        open_audio(path)


def _wav(tmp_path: Path) -> tuple[Path, bytearray, int]:
    path = write(tmp_path, "wav", 16_000, 1)
    data = bytearray(path.read_bytes())
    return path, data, data.index(b"data") + 4


@pytest.mark.parametrize(
    ("stated", "message"),
    [(100_000, "cut short"), (64_001, "cut short"), (0, "repair the header")],
)
def test_a_wav_header_that_lies(tmp_path: Path, stated: int, message: str) -> None:
    path, data, at = _wav(tmp_path)
    data[at : at + 4] = struct.pack("<I", stated)
    path.write_bytes(data)
    with pytest.raises(AudioError, match=message):
        open_audio(path)


def test_a_wav_written_to_a_pipe_runs_to_the_end_of_the_file(tmp_path: Path) -> None:
    path, data, at = _wav(tmp_path)
    whole = decode(path)
    data[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert np.array_equal(decode(path), whole)


@pytest.mark.parametrize(("field", "value"), [((22, "<H"), 0), ((24, "<I"), 0), ((24, "<I"), 7)])
def test_no_channels_or_an_impossible_rate(
    tmp_path: Path, field: tuple[int, str], value: int
) -> None:
    path, data, _ = _wav(tmp_path)
    struct.pack_into(field[1], data, field[0], value)
    path.write_bytes(data)
    with pytest.raises(AudioError, match=path.name):
        open_audio(path)


@pytest.mark.parametrize("suffix", SUBTYPES)
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
def test_a_file_cut_short_is_an_error(tmp_path: Path, suffix: str, kept: float) -> None:
    path = write(tmp_path, suffix, 16_000, 1)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(AudioError, match=path.name):
        decode(path)


@pytest.mark.parametrize("suffix", SUBTYPES)
def test_damaged_bytes_are_an_audio_error_or_decode(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # without ffmpeg, which costs 0.1 s a file
    path = write(tmp_path, suffix, 16_000, 1, seconds=1.0)
    whole = path.read_bytes()
    rng = np.random.default_rng(7)
    refused = 0
    for _ in range(40):
        data = bytearray(whole)
        for at in rng.integers(0, rng.choice([60, 300, len(data)]), rng.integers(1, 8)):
            data[at] = rng.choice([0, 255, rng.integers(256)])
        path.write_bytes(data)
        try:
            info(path)
            decode(path)
            decode(path, offset_s=0.3, duration_s=0.1)
        except AudioError as error:
            refused += 1
            assert path.name in str(error)
    assert refused > 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(tmp_path: Path, bad: float) -> None:
    samples = voice(1.0, 16_000)
    samples[8_000] = bad
    path = tmp_path / "bad.wav"
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"bad.wav: NaN or infinity at 0.500 s"):
        decode(path)


def test_things_that_are_not_audio_files(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("not audio\n" * 50)
    (tmp_path / "x.raw").write_bytes(bytes(1000))
    for name, message in {
        "empty.wav": "empty",
        "text.wav": "text.wav",
        "missing.wav": "no such file",
        ".": "folder",
        "x.raw": "headerless",
        "nul\0byte.wav": "cannot be opened",
        "n" * 300: "cannot be opened",
    }.items():
        with pytest.raises(AudioError, match=message):
            open_audio(tmp_path / name)
    with pytest.raises(AudioError, match="not a regular file"):
        open_audio("/dev/zero")


@pytest.mark.parametrize("offset_s", [-1.0, float("nan"), float("inf"), 2.0, 99.0])
def test_an_impossible_offset_names_the_file(tmp_path: Path, offset_s: float) -> None:
    path = write(tmp_path, "wav", 16_000, 1)
    with pytest.raises(AudioError, match=f"{path.name}.*offset"):
        open_audio(path, offset_s=offset_s)


def test_a_file_of_no_frames_is_empty_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "none.wav"
    soundfile.write(path, np.empty(0, np.float32), 16_000)
    assert info(path).frames == 0
    assert len(read_audio(path)) == 0


@pytest.mark.skipif(not SPEECH.is_dir(), reason="no ../shared/speech beside the checkout")
def test_real_recordings_decode_and_slice() -> None:
    paths = sorted(p for p in SPEECH.iterdir() if p.suffix in (".wav", ".flac", ".mp3"))
    assert len(paths) > 10
    for path in paths:
        full = decode(path, 1 << 16)
        rate_hz = info(path).sample_rate_hz
        assert len(full) > rate_hz and np.abs(full).max() > 0.01
        for offset_s in (0.2, 0.9):
            start = int(offset_s * rate_hz)
            part = decode(path, offset_s=offset_s, duration_s=0.37)
            assert np.array_equal(part, full[start : start + int(0.37 * rate_hz)])
