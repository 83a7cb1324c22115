"""How a cell of a manifest names audio.

``PATH``                        a file
``PATH.zip:OFFSET:LENGTH``      bytes of an uncompressed archive (:mod:`s2st_bench.audio.stored`)
``PATH.wav:START:FRAMES``       samples of a longer file, at its own rate
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from s2st_bench.corpora import Finding
from s2st_bench.errors import AudioError

_SLICE: Final = re.compile(r"(.+):(-?\w*):(-?\w*)", re.DOTALL)
_NUMBER: Final = re.compile(r"\d{1,15}", re.ASCII)
_FILE: Final = re.compile(r".*\.(wav|flac|mp3|ogg|opus|m4a)", re.IGNORECASE | re.DOTALL)


class AddressError(ValueError):
    """A cell that names no audio."""


@dataclass(frozen=True, slots=True)
class Address:
    """A file, or ``frames`` samples of it from sample ``start``."""

    path: Path
    start: int = 0
    frames: int | None = None

    def rate_hz(self) -> int | Finding:
        """The rate of the file, or what keeps its header from being read."""
        from s2st_bench.audio import info

        try:
            return info(self.path).sample_rate_hz
        except AudioError as error:
            if os.path.exists(self.path):
                return Finding("damaged-audio", None, f"audio: {error}", "copy it again")
            return Finding("missing-audio", None, f"audio {self.path} is missing",
                           "copy it from the corpus as it was distributed")


def parse(cell: str, root: Path) -> Address:
    """Raises AddressError."""
    if not cell or "\x00" in cell:
        raise AddressError("no audio is named")
    match = _SLICE.fullmatch(cell)
    if match is None or os.path.isfile(root / cell):
        return Address(root / cell)
    name, start, length = match.groups()
    for number in (start, length):
        if not _NUMBER.fullmatch(number):
            raise AddressError(f"audio {cell!r}: {number!r} is not a whole number; an address is "
                               "PATH:START:LENGTH")
    if not is_file_name(name):
        if not name.endswith(".zip"):
            raise AddressError(f"audio {cell!r}: neither an archive (.zip) nor audio")
        return Address(root / cell)
    if int(length) == 0:
        raise AddressError(f"audio {cell!r}: a slice of 0 samples")
    return Address(root / name, int(start), int(length))


def is_file_name(cell: str) -> bool:
    """Whether a cell is the name of an audio file (and not, say, units)."""
    return bool(_FILE.fullmatch(cell))
