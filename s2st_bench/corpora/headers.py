"""Headers of audio files, each read once while it is needed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from s2st_bench.errors import AudioError

if TYPE_CHECKING:
    from s2st_bench.audio import AudioInfo

KEPT: Final = 4096
"""Headers kept at a time: talks of a corpus come together, clips are asked for once."""


class Headers:
    """``headers[path]`` is the header, or the error that reading it gave."""

    def __init__(self) -> None:
        self._read = lru_cache(KEPT)(_read)
        self._last: tuple[Path, AudioInfo | AudioError] | None = None

    def __getitem__(self, path: Path) -> AudioInfo | AudioError:
        if self._last is None or self._last[0] is not path:  # hashing a path is not cheap
            self._last = path, self._read(path)
        return self._last[1]


def _read(path: Path) -> AudioInfo | AudioError:
    from s2st_bench.audio import AudioInfo, info
    from s2st_bench.audio.mp3 import plain_mp3

    if str(path).endswith(".mp3") and (found := plain_mp3(path)) is not None:
        rate = found.sample_rate_hz
        return AudioInfo(rate, found.channels, found.frames, found.frames / rate, "MP3", False)
    try:
        header = info(path)
        if header.format.startswith("FLAC"):
            _check_end(path, header)
    except AudioError as error:
        return error
    return header


def _check_end(path: Path, header: AudioInfo) -> None:
    """Raise AudioError where the samples of a flac end before its header says.

    Other containers are compared with their header's length when it is read; of a flac only its
    last sample can tell, which is sought and decoded.
    """
    from s2st_bench.audio import open_frames

    if header.frames:
        with open_frames(path, header.frames - 1, 1) as reader:
            if not len(reader.read(1)):
                raise AudioError(f"{path}: the last of {header.frames} samples is missing: it was "
                                 "cut short; copy it again")
