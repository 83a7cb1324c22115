"""Audio as recognisers and other models take it: finite, mono, at their rate, in windows.

What a system said can be anything: empty, not finite, far too loud, half an hour long.  A model is
given none of that: :func:`ready` mends samples, :func:`windows` cuts what is long where it is
quiet.
"""

from __future__ import annotations

import numpy as np

from s2st_bench.audio.resample import resampled
from s2st_bench.types import Samples

_FRAME_S = 0.02


def ready(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """``float32[n]`` (or ``[n, channels]``) as finite mono ``float32[m]`` within ±1 at ``to_hz``.

    NaN becomes 0, what is beyond full scale is clipped.  Fewer samples than one at ``to_hz`` are
    none.
    """
    mono = np.asarray(samples, np.float32)
    if mono.ndim > 1:
        mono = mono.mean(axis=1)
    mono = np.clip(np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
    if round(len(mono) * to_hz / from_hz) < 1:
        return np.zeros(0, np.float32)
    return np.ascontiguousarray(resampled(mono, from_hz, to_hz), np.float32)


def windows(
    samples: Samples, rate_hz: int, longest_s: float = 30.0, search_s: float = 10.0
) -> list[tuple[int, int]]:
    """``samples[n]`` in windows of at most ``longest_s``: (first, one past the last) of each.

    A window ends in the middle of the quietest 20 ms of its last ``search_s``, which is between
    two words where there is a pause.
    """
    longest = int(longest_s * rate_hz)
    found, begin = [], 0
    while len(samples) - begin > longest:
        end = begin + _quietest(samples[begin : begin + longest], rate_hz, search_s)
        found.append((begin, end))
        begin = end
    return [*found, (begin, len(samples))] if begin < len(samples) else found


def _quietest(samples: Samples, rate_hz: int, search_s: float) -> int:
    """Where the quietest frame of the last ``search_s`` has its middle; the latest of them."""
    frame = max(1, int(_FRAME_S * rate_hz))
    n_frames = max(1, int(search_s * rate_hz) // frame)
    tail = samples[len(samples) - n_frames * frame :].astype(np.float64)
    energy = np.square(tail).reshape(n_frames, frame).sum(axis=1)
    last = n_frames - 1 - int(np.argmin(energy[::-1]))
    return len(samples) - (n_frames - last) * frame + frame // 2 + frame % 2
