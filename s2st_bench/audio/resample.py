"""Streaming resampling with soxr, and how long it makes one wait.

soxr's output does not depend on how the input was cut.  It filters in blocks, so a sample comes
out only when its block is complete: at HQ, 38 ms late from 48 kHz to 16 kHz, 42 ms from 44.1 or
22.05 kHz, 119 ms from 8 kHz.  :func:`resampler_delay_s` measures this worst case.
"""

from __future__ import annotations

import functools

import numpy as np
import soxr

from s2st_bench.types import Samples

DEFAULT_QUALITY = "HQ"

_MEASURED_S = 1
# The blocks of soxr's stages drift against each other: over minutes the worst case was seen to
# move by up to 1.4 % (8 kHz to 48 kHz), at most pairs of rates by less than 0.1 %.
_DRIFT = 1.02
_STEPS_PER_S = 2_000


class Resampler:
    """One mono stream from ``from_hz`` to ``to_hz``."""

    def __init__(self, from_hz: float, to_hz: float, quality: str = DEFAULT_QUALITY) -> None:
        self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality=quality)

    def push(self, samples: Samples) -> Samples:
        """What can be computed now that ``samples`` have arrived."""
        out: Samples = self._stream.resample_chunk(samples)
        return out

    def finish(self) -> Samples:
        """The rest, once there is no more input.  To be called once."""
        out: Samples = self._stream.resample_chunk(np.empty(0, np.float32), last=True)
        return out


def resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """A whole short signal at another rate."""
    if from_hz == to_hz:
        return samples
    out: Samples = soxr.resample(samples, from_hz, to_hz, quality=DEFAULT_QUALITY)
    return out


@functools.cache
def resampler_delay_s(from_hz: int, to_hz: int, quality: str = DEFAULT_QUALITY) -> float:
    """How much later than its own time an output sample can come out, at worst.

    Output sample ``k`` (from 0) is there once the input up to ``(k + 1) / to_hz`` plus this has
    been pushed.  Measured by pushing a second of silence in steps of 0.5 ms (about 10 ms of work,
    once per pair of rates) and rounded up by one step and 2 %; 0 when the rates are equal.
    """
    if from_hz == to_hz:
        return 0.0
    step = max(1, from_hz // _STEPS_PER_S)
    silence = np.zeros(step, np.float32)
    resampler = Resampler(from_hz, to_hz, quality)
    worst_s = 0.0
    produced = 0
    for pushed in range(step, _MEASURED_S * from_hz + step, step):
        worst_s = max(worst_s, pushed / from_hz - (produced + 1) / to_hz)
        produced += len(resampler.push(silence))
    return (worst_s + step / from_hz) * _DRIFT
