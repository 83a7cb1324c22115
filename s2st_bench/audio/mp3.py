"""Rate and length of a plain mp3 from its first bytes, without a decoder.

A corpus of clips has hundreds of thousands of files, and opening a decoder for each costs several
times what reading the first bytes does.  Only the plain case is read here: an ID3v2 tag or none,
then MPEG 1, 2 or 2.5 layer III frames of one bit rate without a Xing or VBRI header, which is what
Common Voice distributes.  For anything else the answer is none, and a decoder has to tell.

Source: ISO/IEC 11172-3 and 13818-3, table of bit rates and layout of the frame header; ID3v2.4,
section 3.1.
"""

from __future__ import annotations

import os
import re
import stat
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

_HEAD: Final = 2048
_LENGTHS: Final = re.compile(b"Xing|Info|VBRI")
_WITHIN: Final = 64
"""A header of lengths begins this near to the first frame."""
_RATES_HZ: Final = (44_100, 48_000, 32_000)
_KBPS_1: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2: Final = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


class Mp3(NamedTuple):
    """What the first frame says; ``frames`` are samples, by the bit rate and the file's size."""

    sample_rate_hz: int
    channels: int
    frames: int


def plain_mp3(path: Path) -> Mp3 | None:
    """The header of a plain mp3 of constant bit rate; none for any other file, or no file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return None
        return parsed(os.read(handle, _HEAD), status.st_size)
    except OSError:
        return None
    finally:
        os.close(handle)


def parsed(head: bytes, size: int) -> Mp3 | None:
    """The same from the first bytes of a file of ``size`` bytes."""
    start = 0
    if head[:3] == b"ID3" and len(head) >= 10:
        start = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
    first = _frame(head[start : start + 4])
    if first is None or _LENGTHS.search(head, start, start + _WITHIN):
        return None
    rate, channels, kbps, length = first
    second = _frame(head[start + length : start + length + 4])
    if second is None or second[:3] != first[:3]:
        return None
    return Mp3(rate, channels, (size - start) * rate // (kbps * 125))


@lru_cache(256)
def _frame(header: bytes) -> tuple[int, int, int, int] | None:
    """Rate, channels, kbit/s and bytes of a layer III frame, by its first four bytes."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, third = header[1] >> 3 & 3, header[2]
    kbps_index, rate_index = third >> 4, third >> 2 & 3
    if version == 1 or rate_index == 3 or not 0 < kbps_index < 15:
        return None
    is_first = version == 3
    rate = _RATES_HZ[rate_index] // (1 if is_first else 2 if version == 2 else 4)
    kbps = (_KBPS_1 if is_first else _KBPS_2)[kbps_index - 1]
    eighth = 144_000 if is_first else 72_000  # samples a frame, over 8 bits a byte, times 1000
    channels = 1 if header[3] >> 6 == 3 else 2
    return rate, channels, kbps, eighth * kbps // rate + (third >> 1 & 1)
