"""Headers of audio files, each read once while it is needed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from s2st_bench.errors import AudioError

if TYPE_CHECKING:
    from s2st_bench.audio import AudioInfo
    from s2st_bench.audio.mp3 import Mp3

KEPT: Final = 4096
"""Headers kept at a time: talks of a corpus come together, clips are asked for once."""

_Read = tuple["Path | None", "AudioInfo | AudioError | None"]


class Headers:
    """``headers[path]`` is the header, or the error that reading it gave."""

    def __init__(self) -> None:
        from s2st_bench.audio.mp3 import plain_mp3

        self._plain_mp3 = plain_mp3
        self._described = lru_cache(KEPT)(_described)
        self._read = lru_cache(KEPT)(_read)
        self._last: _Read = None, None
        self._before: _Read = None, None

    def __getitem__(self, path: Path) -> AudioInfo | AudioError:
        # hashing a path is not cheap; a row is checked, and assembled when the next one was checked
        for known, header in (self._last, self._before):
            if known is path and header is not None:
                return header
        header = self._found(path)
        self._before, self._last = self._last, (path, header)
        return header

    def _found(self, path: Path) -> AudioInfo | AudioError:
        # most corpora of clips are plain mp3, a file a row: nothing of them is worth keeping
        if str(path).endswith(".mp3") and (found := self._plain_mp3(path)) is not None:
            return self._described(found)
        return self._read(path)


def _described(found: Mp3) -> AudioInfo:
    from s2st_bench.audio import AudioInfo

    rate = found.sample_rate_hz
    return AudioInfo(rate, found.channels, found.frames, found.frames / rate, "MP3", False)


def _read(path: Path) -> AudioInfo | AudioError:
    from s2st_bench.audio import info

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
