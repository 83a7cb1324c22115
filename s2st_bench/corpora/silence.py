"""Silence before and after the speech of a segment, left out where a user asks for it.

Off by default: systems hear what the corpus has, and its silence counts in latency.  Speech is
what is louder than ``THRESHOLD`` of the segment's loudest 10 ms, from the first such frame to the
last, with ``MARGIN_S`` kept on both sides.  Segments are decoded for this.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from s2st_bench.corpora.rows import Row
from s2st_bench.types import Samples

FRAME_S: Final = 0.01
MARGIN_S: Final = 0.1
THRESHOLD: Final = 0.02
"""Of the loudest frame's root mean square: -34 dB."""


def speech_span(samples: Samples, rate_hz: int) -> tuple[float, float]:
    """Start and end in seconds of the speech in mono ``float32[n]``; all of it where it is still.
    """
    length_s = len(samples) / rate_hz
    frame = max(1, int(FRAME_S * rate_hz))
    whole = len(samples) // frame
    if whole == 0:
        return 0.0, length_s
    loud = np.sqrt(np.mean(samples[: whole * frame].reshape(whole, frame) ** 2, axis=1))
    heard = np.flatnonzero(loud > THRESHOLD * loud.max())
    if not len(heard):
        return 0.0, length_s
    start_s = max(0.0, int(heard[0]) * frame / rate_hz - MARGIN_S)
    return start_s, min(length_s, (int(heard[-1]) + 1) * frame / rate_hz + MARGIN_S)


def stripped(row: Row) -> Row:
    """The row without silence at its ends.  Raises AudioError."""
    from s2st_bench.audio import open_audio

    if row.audio is None:
        return row
    parts: list[Samples] = []
    with open_audio(row.audio, row.offset_s, row.duration_s) as reader:
        rate = reader.sample_rate_hz
        while len(block := reader.read(1 << 16)):
            parts.append(block)
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    start_s, end_s = speech_span(samples, rate)
    return replace(row, offset_s=row.offset_s + start_s, duration_s=end_s - start_s)
