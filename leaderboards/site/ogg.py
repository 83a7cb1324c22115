"""Ogg files that are the same each time: a fixed serial number instead of a random one.

Encoders draw a stream's serial number at random, so that streams can be chained; a page's files
stand alone.  Layout and checksum: RFC 3533, section 6 (polynomial 0x04c11db7, not reflected,
starting at 0).
"""

from __future__ import annotations

import zlib
from pathlib import Path

_SERIAL = slice(14, 18)
_CHECKSUM = slice(22, 26)
_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def fix_serial(path: Path, serial: int = 1) -> None:
    """Give every page of a file with one stream the serial number ``serial``."""
    data = bytearray(path.read_bytes())
    at = 0
    while data[at:at + 4] == b"OggS":
        segments = data[at + 26]
        end = at + 27 + segments + sum(data[at + 27:at + 27 + segments])
        page = data[at:end]
        page[_SERIAL] = serial.to_bytes(4, "little")
        page[_CHECKSUM] = bytes(4)
        page[_CHECKSUM] = checksum(bytes(page)).to_bytes(4, "little")
        data[at:end] = page
        at = end
    path.write_bytes(data)


def checksum(page: bytes) -> int:
    """Ogg's checksum, through zlib's: the same polynomial with every bit order reversed."""
    mirrored = zlib.crc32(page.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRROR), "big")
