"""Where a recording pauses: stretches that are soft against its loudest frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from s2st_bench.audio import source_stream
from s2st_bench.types import AudioSource

SHORTEST_S: Final = 0.15
"""Closures of stop consonants are shorter."""
FRAME_S: Final = 0.01
QUIET: Final = 0.02
"""Of the loudest frame's root mean square: -34 dB."""
_BLOCK: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class Pause:
    """Samples ``start`` to ``end``, inside the speech."""

    start: int
    end: int

    @property
    def middle(self) -> int:
        return (self.start + self.end) // 2


def pauses_in(source: AudioSource, rate_hz: int) -> tuple[Pause, ...]:
    """The pauses between first and last sound, in samples at ``rate_hz``; decodes the slice.

    Raises AudioError.
    """
    size = max(1, round(FRAME_S * rate_hz))
    powers = []
    held = np.empty(0, np.float32)
    with source_stream(source.path, source.offset_s, source.duration_s, rate_hz) as stream:
        is_last = False
        while not is_last:
            block, is_last = stream.take(_BLOCK)
            held = np.concatenate([held, block])
            whole = len(held) // size
            powers.append(np.mean(held[: whole * size].reshape(whole, size) ** 2, axis=1))
            held = held[whole * size:]
    loud = np.sqrt(np.concatenate(powers))
    heard = np.flatnonzero(loud > QUIET * loud.max(initial=0))
    least = max(1, round(SHORTEST_S / FRAME_S))
    gaps = np.diff(heard)
    return tuple(Pause(int(heard[k] + 1) * size, int(heard[k + 1]) * size)
                 for k in np.flatnonzero(gaps > least))
