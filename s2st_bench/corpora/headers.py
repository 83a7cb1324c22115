"""Headers of audio files, each read once while it is needed: nothing is decoded."""

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
        return info(path)
    except AudioError as error:
        return error


def ends_early(path: Path, header: AudioInfo) -> str:
    """Why the samples end before the length that the header of a flac states, or nothing.

    Other containers are compared with their header's length when it is read; of a flac only its
    last samples can tell, which are decoded here.
    """
    from s2st_bench.audio import open_frames

    if not header.format.startswith("FLAC") or not header.frames:
        return ""
    try:
        with open_frames(path, header.frames - 1, 1) as reader:
            found = len(reader.read(1))
    except AudioError as error:
        return str(error)
    return "" if found else f"{path}: the last of {header.frames} samples is missing"
