"""Is a file as long as it says?  Cheap checks of the container, before anything is decoded.

Decoders deliver what is there and keep silent about what is missing, so that half a recording
would be scored as a whole one.  WAV (RIFF), AIFF, Ogg and MP3 with a Xing header can be checked
from a few bytes; FLAC states its length and is checked while decoding.  A WAV length at or above
0x7FFFF000 is what programs write to a pipe, where they cannot go back to fill it in, and means
"until the end of the file".

Sources: RIFF/WAVE and AIFF chunk layout; RFC 3533 (Ogg page header: bit 4 of byte 5 marks the last
page of a stream); the Xing/Info header of MP3 (flag 2: number of bytes follows).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from s2st_bench.errors import AudioError

_UNKNOWN_LENGTH = 0x7FFFF000
_LARGEST_OGG_PAGE = 65_307
_XING_BYTES_TOLERANCE = 0.99


def check_complete(path: Path, file: BinaryIO, size: int) -> None:
    """Raise AudioError if ``file``, of ``size`` bytes, is shorter than its header says."""
    head = file.read(12)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        _check_chunks(path, file, size, b"data", "<I")
    elif head[:4] == b"FORM" and head[8:11] == b"AIF":
        _check_chunks(path, file, size, b"SSND", ">I")
    elif head[:4] == b"OggS":
        _check_ogg(path, file, size)
    elif head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        _check_mp3(path, file, size, head)


def _check_chunks(path: Path, file: BinaryIO, size: int, wanted: bytes, length_format: str) -> None:
    """Walk the chunks to the one that holds the samples and compare its length with the file's."""
    position = 12
    while True:
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            raise AudioError(
                f"{path}: the file ends before its samples begin: it was cut short; copy it again"
            )
        (length,) = struct.unpack(length_format, header[4:])
        position += 8
        if header[:4] == wanted:
            break
        position += length + (length & 1)
    present = size - position
    if length > present and length < _UNKNOWN_LENGTH:
        raise AudioError(
            f"{path}: the header says {length} bytes of samples, the file holds {present}: "
            "it was cut short; copy it again"
        )
    if length == 0 and present > 0:
        raise AudioError(
            f"{path}: the header says there are no samples, but {present} bytes follow: its writer "
            f"was stopped; repair the header with: ffmpeg -i {path.name} repaired.wav"
        )


def _check_ogg(path: Path, file: BinaryIO, size: int) -> None:
    file.seek(max(0, size - _LARGEST_OGG_PAGE))
    tail = file.read(_LARGEST_OGG_PAGE)
    page = tail.rfind(b"OggS")
    if page < 0 or not _is_whole_last_page(tail[page:]):
        raise AudioError(
            f"{path}: the Ogg stream has no last page: it was cut short; copy it again, or close "
            f"it with: ffmpeg -i {path.name} -c copy repaired.ogg"
        )


def _is_whole_last_page(page: bytes) -> bool:
    """Marked as the last of its stream, and as long as its segment table says."""
    if len(page) < 27 or not page[5] & 4:
        return False
    segments = page[26]
    return len(page) >= 27 + segments + sum(page[27 : 27 + segments])


def _check_mp3(path: Path, file: BinaryIO, size: int, head: bytes) -> None:
    start = 0
    if head[:3] == b"ID3":
        tag_length = 0
        for byte in head[6:10]:
            tag_length = tag_length << 7 | byte & 0x7F
        start = 10 + tag_length
    file.seek(start)
    frame = file.read(64)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    if not flags & 2:
        return
    field = at + 8 + (4 if flags & 1 else 0)
    stated = int.from_bytes(frame[field : field + 4], "big")
    if size - start < stated * _XING_BYTES_TOLERANCE:
        raise AudioError(
            f"{path}: the header says {stated} bytes of audio, the file holds {size - start}: "
            "it was cut short; copy it again"
        )
