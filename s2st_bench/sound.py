"""The speech of a trace as its listener heard it: samples once, gapless, and when each was heard.

*Heard* is what played on the timeline that was measured (the unaware one where the clock measured
nothing): pieces that ``cancel_audio`` dropped are not in it, and one that was cut ends where it
was cut.  Its samples stand one after another, without the silence in between (*gapless*); words
are looked for there, once, and :meth:`Sound.listened` says when a place in them was heard.

Timelines.  Aware: as :func:`s2st_bench.timeline.playback` has it, re-timed where the scoring
re-times.  Unaware: the same stretches, each from max(source given at its write, end of the stretch
before).  Times are seconds of source time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from s2st_bench.errors import AudioError, NotComparable
from s2st_bench.metric import Floats, Unscored
from s2st_bench.timeline import output_writes, playback
from s2st_bench.types import Piece, Samples, Speech, Trace

Edge = Literal["start", "end"]
T = TypeVar("T")

UNREADABLE = "the speech cannot be read"
"""How the reason begins where there was speech and its file is gone or damaged."""

_SHORTEST_S = 1e-9


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece, as far as it was heard."""

    piece: Piece
    n: int
    """Samples of the piece that were heard."""
    duration_s: float
    begin_s: float
    """Where it stands in the gapless speech."""
    write: int
    """Index among the trace's output writes."""


class Sound:
    """The speech of one trace.

    ``folder`` is what the paths of its pieces are relative to; none: they cannot be read.
    ``live`` holds re-timed live times, one per output write.
    """

    def __init__(
        self, trace: Trace, folder: Path | None = None, live: tuple[float, ...] | None = None
    ) -> None:
        self.trace = trace
        self.folder = folder
        self._live = live
        self._once: dict[Hashable, Any] = {}

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What several metrics make of this speech, computed for the first that asks."""
        if key not in self._once:
            self._once[key] = compute()
        found: T = self._once[key]
        return found

    @property
    def measured(self) -> bool:
        """Whether there is an aware timeline."""
        return self._live is not None or self.trace.clock != "ideal"

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """What was heard, in order."""
        if self.trace.error is not None:
            return ()
        found, begin_s = [], 0.0
        for played in playback(self.trace, self.measured, self._live):
            heard_s = played.end_s - played.start_s
            n = min(played.piece.length, round(heard_s * played.piece.sample_rate_hz))
            if n:
                duration_s = n / played.piece.sample_rate_hz
                found.append(Stretch(played.piece, n, duration_s, begin_s, played.write))
                begin_s += duration_s
        return tuple(found)

    @property
    def duration_s(self) -> float:
        """Of the gapless speech."""
        last = self.stretches[-1] if self.stretches else None
        return last.begin_s + last.duration_s if last else 0.0

    def starts(self, aware: bool) -> Floats:
        """When each stretch began to play, ``float64[n]``.

        Raises
        ------
        NotComparable
            ``aware``, and nothing was measured.
        """
        if aware:
            if not self.measured:
                raise NotComparable(f"trace of {self.trace.recording_id!r}: nothing was measured")
            heard = {p.write: p.start_s for p in playback(self.trace, True, self._live)}
            return np.array([heard[s.write] for s in self.stretches])
        in_seconds = self.trace.source_unit == "s"
        given = [s.source_s if in_seconds else s.arrived_s for s, _ in output_writes(self.trace)]
        at, end = [], 0.0
        for stretch in self.stretches:
            at.append(max(given[stretch.write], end))
            end = at[-1] + stretch.duration_s
        return np.array(at)

    def listened(self, places_s: Floats, aware: bool, edge: Edge = "end") -> Floats:
        """When places of the gapless speech were heard, ``float64[n]`` to ``float64[n]``.

        Where two stretches meet, an ``end`` is of the first and a ``start`` of the second.  Places
        outside the speech are moved to its ends.
        """
        begins = np.array([s.begin_s for s in self.stretches])
        if not len(begins):
            return np.full(len(places_s), np.nan)
        places = np.clip(np.asarray(places_s, dtype=np.float64), 0.0, self.duration_s)
        side: Literal["left", "right"] = "left" if edge == "end" else "right"
        nudge = -_SHORTEST_S if edge == "end" else _SHORTEST_S
        index = np.clip(np.searchsorted(begins, places + nudge, side=side) - 1, 0, None)
        return np.asarray(self.starts(aware)[index] + places - begins[index])

    def read(self) -> Speech | Unscored:
        """The gapless samples, at the first piece's rate, or why there are none."""
        if self.trace.error is not None:
            return Unscored("the recording failed")
        if "speech" not in self.trace.outputs:
            return Unscored("no speech output")
        if not self.stretches:
            return Unscored("no output")
        if self.folder is None:
            return Unscored("the speech is not at hand: score the run folder that holds it")
        rate_hz = self.stretches[0].piece.sample_rate_hz
        try:
            parts = [_samples(stretch, self.folder, rate_hz) for stretch in self.stretches]
        except AudioError as error:
            return Unscored(f"{UNREADABLE}: {error}")
        return Speech(np.concatenate(parts), rate_hz)

    def with_silence(self, speech: Speech, aware: bool = True) -> Samples:
        """``speech`` (of :meth:`read`) with the silence a listener heard between its stretches.

        It begins with the first; the silence before it is not part.
        """
        rate_hz = speech.sample_rate_hz
        starts = self.starts(aware and self.measured)
        edges = np.round(np.array([s.begin_s for s in self.stretches]) * rate_hz).astype(int)
        parts, end_s = [], float(starts[0])
        for i, part in enumerate(np.split(speech.samples, edges[1:])):
            parts += [np.zeros(round(max(0.0, starts[i] - end_s) * rate_hz), np.float32), part]
            end_s = float(starts[i]) + self.stretches[i].duration_s
        return np.concatenate(parts)


def digest(samples: Samples, rate_hz: int) -> str:
    """A name for exactly this audio: 32 hex digits."""
    found = hashlib.sha256(f"{rate_hz} ".encode())
    found.update(np.ascontiguousarray(samples, dtype="<f4").data)
    return found.hexdigest()[:32]


def _samples(stretch: Stretch, folder: Path, rate_hz: int) -> Samples:
    from s2st_bench.audio import open_frames, resampled

    piece = stretch.piece
    with open_frames(folder / piece.path, piece.offset, stretch.n) as reader:
        if reader.sample_rate_hz != piece.sample_rate_hz:
            raise AudioError(f"{folder / piece.path}: has {reader.sample_rate_hz} Hz, the trace "
                             f"says {piece.sample_rate_hz}")
        samples = reader.read(stretch.n)
    if len(samples) < stretch.n:
        raise AudioError(f"{folder / piece.path}: ends before the trace's piece does")
    return resampled(samples, piece.sample_rate_hz, rate_hz)
