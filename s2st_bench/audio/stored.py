"""Audio inside an uncompressed archive, addressed as fairseq does: ``ARCHIVE:OFFSET:LENGTH``.

Offset and length count bytes of the archive; what lies there is a whole file (wav, flac, …).
A file whose own name looks like that counts as itself.  Source of the form: fairseq's
``data/audio/audio_utils.py`` (``parse_path``, ``read_from_stored_zip``).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from s2st_bench.errors import AudioError

LARGEST: Final = 1 << 30
"""Bytes of one clip, which is held in memory; more is a damaged address."""
_ADDRESS: Final = re.compile(r"(.+\.zip):(\d{1,18}):(\d{1,18})", re.DOTALL)


def address(path: Path) -> tuple[Path, int, int] | None:
    """Archive, first byte and number of bytes; none for a plain file."""
    match = _ADDRESS.fullmatch(os.fspath(path))
    if match is None or os.path.exists(path):
        return None
    return Path(match[1]), int(match[2]), int(match[3])


def file_of(path: Path) -> Path:
    """The file on disk that holds the audio: the archive, or ``path`` itself."""
    found = address(path)
    return path if found is None else found[0]


def size(path: Path) -> int:
    """Bytes of the audio.  Raises OSError."""
    found = address(path)
    return path.stat().st_size if found is None else found[2]


def content(path: Path) -> bytes | None:
    """The bytes of a clip in an archive; none for a plain file.

    Raises
    ------
    AudioError
        The archive cannot be read, ends before the clip, or has something else there.
    """
    found = address(path)
    if found is None:
        return None
    archive, offset, length = found
    try:
        end = archive.stat().st_size
        if offset + length > end:
            raise AudioError(f"{path}: bytes {offset} to {offset + length} are not in the archive, "
                             f"which has {end}: copy it again, or correct the address")
        if length > LARGEST:
            raise AudioError(f"{path}: a clip of {length} bytes is no clip: correct the address")
        with open(archive, "rb") as file:
            file.seek(offset)
            data = file.read(length)
    except OSError as error:
        raise AudioError(f"{archive}: cannot be read ({error.strerror})") from None
    if data[:6] == b"\x93NUMPY":
        raise AudioError(f"{path}: features (.npy), not audio: systems hear audio; give the "
                         "manifest of raw audio")
    return data
