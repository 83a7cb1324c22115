"""What a system may do before its recording is given up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds per worker and recording; none means a default from the source's length."""

    load_s: float = 600.0
    call_s: float = 60.0
    """Wall time between two answers of a system."""
    recording_s: float | None = None
    """Wall time for one recording; none: ten minutes and fifty times the audio."""
    writes_per_recording: int = 100_000
    chars_per_recording: int = 200_000
    speech_s_per_recording: float | None = None
    """Seconds of speech written; none: a minute and ten times the audio."""
    log_bytes: int = 10_000_000
    """What is kept of what one worker's systems print."""
    attempts: int = 2
    """How often a recording is tried whose worker was lost through no fault of its own."""
