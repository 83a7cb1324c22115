"""What a replay loop tells of itself, and the checks that every write passes first.

:class:`~s2st_bench.replay.recorder.Recorder` keeps it in a trace; a live session passes it on to
its listener.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from s2st_bench.errors import LimitExceeded, SystemFailure
from s2st_bench.limits import Limits
from s2st_bench.types import Job, Speech, Word, Write


class Record(ABC):
    """One session as it happens: every write checked, every exchange told."""

    def __init__(self, limits: Limits) -> None:
        self.disconnects = 0
        """Connections that a stream lost and made anew."""
        self._limits = limits
        self._jobs = 0
        self._written_chars = 0
        self._writes = 0
        self._speech_s = 0.0
        self._stage_text: dict[str, int] = {}

    @abstractmethod
    def step(
        self, source_s: float, arrived_s: float, jobs: tuple[Job, ...],
        writes: list[tuple[int, float, Write, bool]], live_s: float,
    ) -> None:
        """Take one exchange; ``writes`` are (job, at_s, write, output) in the order they left."""

    def next_job(self) -> int:
        """An id for one more job; ids follow the order in which work was done."""
        job = self._jobs
        self._jobs += 1
        return job

    def check(self, write: object, stage: str = "", output: bool = True) -> Write:
        """The write, if a system may write it.

        Raises
        ------
        SystemFailure
            It is no write, takes back more than was said, or holds audio nobody can play.
        LimitExceeded
            The recording's limits are used up.
        """
        if not isinstance(write, Write):
            raise SystemFailure(
                f"policy yielded {type(write).__name__}; a policy returns Read or yields Write"
            )
        self._writes += 1
        limit = self._limits.writes_per_recording
        if limit is not None and self._writes > limit:
            raise LimitExceeded(
                f"more than {limit} writes "
                "(executor.limits.writes_per_recording)"
            )
        if not isinstance(write.text, str) or not isinstance(write.retract_chars, int):
            raise SystemFailure("a write's text is a str and its retract_chars an int")
        if write.text or write.retract_chars:
            self._check_text(write, "" if output else stage)
        if write.words:
            _check_words(write.words)
        if write.audio is not None:
            self._check_speech(write.audio)
        return write

    def _check_text(self, write: Write, stage: str) -> None:
        committed = self._stage_text.get(stage, 0)
        if not 0 <= write.retract_chars <= committed:
            raise SystemFailure(
                f"took back {write.retract_chars} characters where {committed} stood"
            )
        self._stage_text[stage] = committed - write.retract_chars + len(write.text)
        self._written_chars += len(write.text)
        limit = self._limits.chars_per_recording
        if limit is not None and self._written_chars > limit:
            raise LimitExceeded(
                f"more than {limit} characters "
                "(executor.limits.chars_per_recording)"
            )
        try:
            write.text.encode()
        except UnicodeEncodeError:
            raise SystemFailure("wrote text that is not valid Unicode (a lone surrogate)") from None

    def _check_speech(self, speech: Speech) -> None:
        if not isinstance(speech, Speech):
            raise SystemFailure(f"a write's audio is a Speech, not {type(speech).__name__}")
        samples = speech.samples
        if not isinstance(samples, np.ndarray) or samples.ndim != 1 or samples.dtype.kind != "f":
            raise SystemFailure("a write's audio is a one-dimensional float array")
        if not 1000 <= speech.sample_rate_hz <= 384_000:
            raise SystemFailure(f"wrote audio at {speech.sample_rate_hz} Hz")
        if not np.isfinite(samples).all():
            raise SystemFailure("wrote audio with NaN or infinite samples")
        self._speech_s += speech.duration_s
        limit = self._limits.speech_s_per_recording
        if limit is not None and self._speech_s > limit:
            raise LimitExceeded(
                f"more than {limit:g} s of speech (executor.limits.speech_s_per_recording)"
            )


def _check_words(words: object) -> None:
    if not isinstance(words, tuple | list) or not all(isinstance(w, Word) for w in words):
        raise SystemFailure("a write's words are a tuple of Word")
    if not all(math.isfinite(w.start_s) and math.isfinite(w.end_s) for w in words):
        raise SystemFailure("a write's words have times that are not finite")
