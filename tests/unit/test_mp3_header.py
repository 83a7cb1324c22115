"""The length of a plain mp3 from its first bytes, beside decoders."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.audio import info, open_audio
from s2st_bench.audio.mp3 import parsed, plain_mp3
from s2st_bench.audio.write import write_wav

SHARED = Path(__file__).parents[2].parent / "shared" / "speech"


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg writes the mp3")
    path = tmp_path_factory.mktemp("mp3") / "tone.wav"
    write_wav(path, np.sin(np.arange(48_000 * 2) / 20).astype(np.float32) / 2, 48_000)
    return path


def mp3(tone: Path, *options: str) -> Path:
    """An mp3 of two seconds, as ``ffmpeg`` writes it into a pipe unless told otherwise."""
    path = tone.with_name(f"{abs(hash(options))}.mp3")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", tone, "-write_xing", "0", *options, path],
                   check=True)
    return path


@pytest.mark.parametrize("options", [
    ("-b:a", "64k"), ("-b:a", "128k", "-ac", "2"), ("-b:a", "32k", "-ar", "22050"),
    ("-b:a", "56k", "-ar", "44100"), ("-b:a", "16k", "-ar", "8000"), ("-id3v2_version", "0"),
])
def test_plain_files_are_as_long_as_decoded(tone: Path, options: tuple[str, ...]) -> None:
    path = mp3(tone, *options)
    found = plain_mp3(path)
    assert found is not None
    with open_audio(path) as reader:
        samples = reader.read(1 << 20)
        assert (found.sample_rate_hz, found.channels) == (reader.sample_rate_hz, reader.channels)
        # decoders drop the encoder's delay, at most some frames of 1,152 samples
        assert abs(found.frames - len(samples)) <= 3 * 1152


def test_everything_else_is_left_to_a_decoder(tone: Path, tmp_path: Path) -> None:
    assert plain_mp3(mp3(tone, "-write_xing", "1")) is None       # states its length itself
    assert plain_mp3(tone) is None and plain_mp3(tmp_path / "none.mp3") is None
    assert plain_mp3(tmp_path) is None and plain_mp3(Path("a\x00b")) is None
    whole = mp3(tone, "-b:a", "64k").read_bytes()
    for head in (b"", b"\xff", b"\xff\xfb", b"ID3", whole[:40], b"\x00" + whole, whole[:9],
                 b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + whole, b"x" * 3000):
        assert parsed(head[:2048], len(head)) is None


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/speech")
def test_real_clips(tone: Path) -> None:
    for path in sorted(SHARED.glob("common_voice_*.mp3")):
        found, header = plain_mp3(path), info(path)
        assert found is not None and found.sample_rate_hz == header.sample_rate_hz == 48_000
        assert found.channels == header.channels == 1
        assert found.frames % 1152 == 0 and abs(found.frames - (header.frames or 0)) < 1152
