"""Checks of a segment's audio and times: small pure functions over a row and a header.

Times are seconds from the start of the audio file.  Slices may reach ``SLACK_S`` past the end:
lists round, and mp3 headers estimate.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from s2st_bench.corpora.finding import Finding, Place
from s2st_bench.corpora.headers import Headers
from s2st_bench.corpora.rows import Row
from s2st_bench.errors import AudioError

if TYPE_CHECKING:
    from s2st_bench.audio import AudioInfo

SLACK_S: Final = 0.05
LONG_S: Final = 60.0
"""A sentence longer than this is worth a look."""
ABSURD_S: Final = 1800.0
"""No sentence lasts half an hour."""
FASTEST_CPS: Final = 60.0
"""Characters a second nobody speaks (fast speech has about 25)."""


def times(row: Row) -> Iterator[Finding]:
    """Times that are no times, or of no sentence."""
    offset, duration = row.offset_s, row.duration_s
    if not math.isfinite(offset) or offset < 0:
        yield row.found("bad-offset", f"segment {row.id} starts at {offset} s",
                        "correct the offset: a finite number of seconds, 0 or more")
    if duration is None:
        return
    if not math.isfinite(duration) or duration < 0:
        yield row.found("bad-duration", f"segment {row.id} lasts {duration} s",
                        "correct the duration: a finite number of seconds above 0")
    elif duration == 0:
        yield row.found("zero-duration", f"segment {row.id} lasts 0 s: there is nothing to hear",
                        "correct its duration, or leave it out")
    elif duration > ABSURD_S:
        yield row.found("absurd-duration", f"segment {row.id} lasts {duration:.0f} s",
                        "correct the duration: it is in seconds")
    elif duration > LONG_S:
        yield row.found("long-segment", f"segment {row.id} lasts {duration:.1f} s",
                        "nothing, if it is one sentence", "note")
    elif len(row.transcript) > max(20.0, FASTEST_CPS * duration):
        yield row.found("too-fast", f"segment {row.id} has {len(row.transcript)} characters in "
                        f"{duration:.2f} s", "see whether text and audio belong together", "note",
                        place=row.text_place(row.source_lang))


def audio(row: Row, header: AudioInfo | AudioError) -> Iterator[Finding]:
    """Missing or damaged audio, a rate or length other than declared, a slice past the end."""
    if row.audio is None:
        return
    yield from _file(row, row.audio, header, row.declared_hz, row.place)
    if isinstance(header, AudioError):
        return
    rate = header.sample_rate_hz
    if header.duration_s is None:
        if row.duration_s is None:
            yield row.found("unknown-length", f"the header of {row.audio} does not say how long "
                            "it is", "write it again: ffmpeg -i IN OUT.wav")
        return
    if header.frames == 0:
        return
    declared = row.declared_frames
    if declared is not None and header.exact and abs(declared - (header.frames or 0)) / rate \
            > SLACK_S:
        yield row.found("audio-length", f"{row.audio} has {header.frames} samples, the corpus says "
                        f"{declared}", "copy the audio again, or see that it is of this corpus")
    end = row.offset_s if row.end_s is None else row.end_s
    if end > header.duration_s + SLACK_S or row.offset_s >= header.duration_s:
        yield row.found("segment-past-end", f"segment {row.id} ends at {end:.3f} s, its audio "
                        f"{row.audio} at {header.duration_s:.3f} s",
                        "copy the audio again, or correct the segment")


def reference_audio(row: Row, headers: Headers) -> Iterator[Finding]:
    """The same of target speech, which is taken as a whole where it has no duration."""
    for lang, source in row.reference_audio.items():
        header = headers[source.path]
        yield from _file(row, source.path, header, row.reference_hz, row.text_place(lang))
        if isinstance(header, AudioError):
            continue
        end_s = source.offset_s + (source.duration_s or 0.0)
        if header.duration_s is not None and end_s > header.duration_s + SLACK_S:
            yield row.found("segment-past-end", f"target speech of segment {row.id} ({lang}) ends "
                            f"at {end_s:.3f} s, {source.path} at {header.duration_s:.3f} s",
                            "copy the audio again, or correct the segment",
                            place=row.text_place(lang))


def _file(
    row: Row, path: Path, header: AudioInfo | AudioError, declared_hz: int | None, place: Place
) -> Iterator[Finding]:
    """Audio that cannot be read, is of another rate, or has nothing in it."""
    if isinstance(header, AudioError):
        from s2st_bench.audio.stored import file_of

        if not os.path.exists(file_of(path)):  # a name too long for the disk is none, and no error
            yield row.found("missing-audio", f"audio {path} is missing",
                            "copy it from the corpus as it was distributed", place=place)
        else:
            yield row.found("damaged-audio", f"audio: {header}", "copy it again", place=place)
        return
    rate = header.sample_rate_hz
    if declared_hz is not None and rate != declared_hz:
        yield row.found("sample-rate", f"the header of {path} says {rate} Hz, the corpus "
                        f"{declared_hz} Hz", "take the audio as it was distributed: played at "
                        "another rate, all times are wrong", place=place)
    if header.frames == 0:
        yield row.found("empty-audio", f"audio {path} has no samples", "copy it again",
                        place=place)


def order(before: Row, row: Row, *, is_long: bool) -> Iterator[Finding]:
    """Two neighbouring segments of one file: overlaps, and a list that is not in order."""
    if row.offset_s < before.offset_s:
        yield row.found(
            "out-of-order", f"segment {row.id} starts at {row.offset_s:.3f} s, before segment "
            f"{before.id} above it at {before.offset_s:.3f} s", "sort the lists by time" if is_long
            else "nothing for single segments; a talk needs them sorted",
            "error" if is_long else "note")
    elif before.end_s is not None and row.offset_s < before.end_s - SLACK_S:
        yield row.found("overlap", f"segments {before.id} and {row.id} overlap by "
                        f"{before.end_s - row.offset_s:.3f} s", "nothing, if two people speak",
                        "note")


def counts(file: Place, n_entries: int, text: Place, n_lines: int) -> Finding:
    """A list and a text that are paired by line and do not have the same number."""
    return Finding("counts-differ", Place(text.file, min(n_lines, n_entries) + 1),
                   f"{n_lines} lines, but {n_entries} segments in {file.file}",
                   "line k belongs to segment k: from here or before, pairs are wrong; take both "
                   "files from the same version of the corpus")
