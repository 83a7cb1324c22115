"""A session over one speech processor, in process or behind HTTP: the calls are the same."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Protocol

import numpy as np

from s2st_bench.errors import SystemFailure
from s2st_bench.system import Observation, Session
from s2st_bench.types import Read, Samples, Task, Write

from .outputs import Output, Text

RATE_HZ = 16_000
"""The only rate that speech processors hear."""


class Processor(Protocol):
    """What a session asks of a speech processor."""

    def process_chunk(self, samples: Samples) -> Output:
        """Hear ``float32[n]`` at 16 kHz."""

    def end_of_stream(self) -> Output:
        """Say what is left: nothing follows."""


class ProcessorSession(Session):
    """Feeds a processor chunks of its own size.

    At the end it hears what is left, short as it may be, and then the end of the stream, as from
    simulstream's servers.

    Parameters
    ----------
    chunk_s
        Its ``speech_chunk_size``.
    text
        How its answers are read.
    release
        Called once, when the session closes.
    """

    def __init__(
        self, processor: Processor, chunk_s: float, text: Text, release: Callable[[], None]
    ) -> None:
        self.first = Read(chunk_s)
        self._processor = processor
        self._text = text
        self._release: Callable[[], None] | None = release
        self._whole = False

    def policy(self, observation: Observation) -> Generator[Write, None, Read]:
        samples = observation.samples
        if samples is not None and len(samples):
            # a copy: a processor may keep it, or change it in place
            heard = np.array(samples, dtype=np.float32)
            yield from self._said(self._processor.process_chunk(heard))
        if observation.is_last:
            yield from self._said(self._processor.end_of_stream())
        return self.first

    def close(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()

    def _said(self, output: Output) -> Generator[Write]:
        write = self._text.write(output)
        if write is not None:
            yield write


def wrong_rate(task: Task) -> str | None:
    """Why a speech processor cannot hear this task's audio."""
    if task.sample_rate_hz != RATE_HZ:
        return f"hears 16000 Hz, not {task.sample_rate_hz}: sample_rate_hz=16000"
    return None


def chunk_size(value: object) -> float:
    """A ``speech_chunk_size`` in seconds.

    Raises
    ------
    SystemFailure
        It is no length.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 3600:
        raise SystemFailure(f"speech_chunk_size is a number of seconds above 0, not {value!r:.60}")
    return float(value)
