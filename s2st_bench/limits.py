"""What a system may do before its recording is given up."""

from __future__ import annotations

from dataclasses import dataclass, fields

from s2st_bench.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds per worker and recording; none is no limit, save where a default is named."""

    load_s: float | None = 600.0
    """Loading the system, once a worker."""
    call_s: float | None = 60.0
    """Wall time without an answer from the system."""
    recording_s: float | None = None
    """Wall time for one recording; none: ten minutes and fifty times the audio."""
    writes_per_recording: int | None = 100_000
    chars_per_recording: int | None = 200_000
    speech_s_per_recording: float | None = None
    """Seconds of speech written; none: a minute and ten times the audio."""
    log_bytes: int = 10_000_000
    """What is kept of what one worker's systems print."""
    attempts: int = 2
    """How often a recording is tried whose worker was lost while doing something else."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is not None and not value > 0:
                raise ConfigError(
                    f"executor.limits.{item.name}: must be above 0 (or null for no limit), "
                    f"not {value}"
                )
