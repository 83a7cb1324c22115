"""What a system said in one replay, up to a point of the source, and how far two of them differ.

Positions (``at``) are source given: seconds of audio, or tokens of text.  Distances are from 0
(the same) to 1 (nothing in common), each *channel* (text, speech) on its own.
"""

from __future__ import annotations

import hashlib
import re
import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from s2st_bench.timeline import output_writes
from s2st_bench.types import Trace

from .timing import faults

Channel = Literal["text", "speech"]

SAME_SAMPLE = 33
"""16-bit samples of two pieces this close are the same sound: −60 dB of full scale."""
_AUDIBLE = 104
"""Root mean square of a 16-bit piece that can be heard: −50 dB of full scale."""
_WORD = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]"
                   r"|[^\s\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+")
_EPSILON = 1e-6
_MOST_TOKENS = 2000
"""Longer histories are compared over this much of their ends that differ."""


@dataclass(frozen=True, slots=True)
class Line:
    """One write of text."""

    at: float
    text: str
    retract_chars: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """One piece of speech, left on disk."""

    at: float
    path: Path
    offset: int
    length: int
    sample_rate_hz: int
    digest: str
    audible: bool

    @property
    def duration_s(self) -> float:
        return self.length / self.sample_rate_hz

    def samples(self) -> npt.NDArray[np.int16]:
        return _read(self.path, self.offset, self.length)


@dataclass(frozen=True, slots=True)
class Said:
    """All that one replay said."""

    length: float
    """Source given in all."""
    lines: tuple[Line, ...] = ()
    pieces: tuple[Spoken, ...] = ()
    error: str = ""
    faults: tuple[str, ...] = ()
    """Stamps that cannot be."""

    def until(self, at: float, *, before: bool = False) -> Said:
        """What was said with no more source than ``at`` given (``before``: with less)."""
        def early(position: float) -> bool:
            return position < at - _EPSILON if before else position <= at + _EPSILON

        return replace(self, lines=tuple(x for x in self.lines if early(x.at)),
                       pieces=tuple(x for x in self.pieces if early(x.at)))

    def after(self, at: float) -> Said:
        """What was said only once more than ``at`` was given; what it takes back is left out."""
        return replace(self, lines=tuple(x for x in self.lines if x.at > at + _EPSILON),
                       pieces=tuple(x for x in self.pieces if x.at > at + _EPSILON))

    @property
    def text(self) -> str:
        """The text that stands."""
        shown = ""
        for line in self.lines:
            shown = shown[: len(shown) - line.retract_chars] if line.retract_chars else shown
            shown += line.text
        return shown

    @property
    def is_empty(self) -> bool:
        return not self.written and not any(piece.audible for piece in self.pieces)

    @property
    def written(self) -> str:
        """All text ever written, taken back or not."""
        return " ".join(line.text for line in self.lines if line.text.strip())

    @property
    def content(self) -> tuple[str, ...]:
        """The words that stand; without text, the pieces of speech by their sound."""
        return words(self.text) if self.written else tuple(p.digest for p in self.pieces)

    @property
    def amount(self) -> float:
        """How much was said: characters, or without text seconds of audible speech."""
        if self.written:
            return float(sum(len("".join(line.text.split())) for line in self.lines))
        return sum(piece.duration_s for piece in self.pieces if piece.audible)


def said(trace: Trace, folder: Path) -> Said:
    """What a trace says; ``folder`` is what its pieces' paths are relative to."""
    at = [step.source_s for step, _ in output_writes(trace)]
    lines = tuple(
        Line(step.source_s, write.text, write.retract_chars)
        for step, write in output_writes(trace) if write.text or write.retract_chars
    )
    pieces = tuple(
        _spoken(at[p.write], folder / p.path, p.offset, p.length, p.sample_rate_hz)
        for p in trace.pieces
    )
    error = f"{trace.error.kind}: {trace.error.message}" if trace.error else ""
    return Said(trace.source_length, lines, pieces, error, tuple(faults(trace)))


def words(text: str) -> tuple[str, ...]:
    """Words, or the letters of scripts without spaces."""
    return tuple(_WORD.findall(text.casefold()))


def distance(one: Said, other: Said, channel: Channel, *, exact: bool = True) -> float:
    """How far two of them differ.

    ``exact``: the whole history counts, when each word came and what was taken back included.
    Otherwise only what stands counts, as far as both have got: clocks on the wall never agree to
    the chunk.
    """
    if channel == "speech":
        return _speech_distance(one.pieces, other.pieces, exact)
    if exact:
        return 0.0 if one.lines == other.lines else _edits(_history(one), _history(other))
    first, second = words(one.text), words(other.text)
    n = min(len(first), len(second))
    return _edits(first[:n], second[:n])


def _history(one: Said) -> tuple[str, ...]:
    tokens: list[str] = []
    for line in one.lines:
        at = f"@{line.at:.4f}"
        if line.retract_chars:
            tokens.append(f"-{line.retract_chars}{at}")
        tokens += [word + at for word in re.findall(r"\S+|\s+$", line.text)]
    return tuple(tokens)


def _edits(one: Sequence[str], other: Sequence[str]) -> float:
    """Edit distance over the longer length."""
    longest = max(len(one), len(other))
    if not longest or one == other:
        return 0.0
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
                 min(len(one), len(other)))
    one, other = one[start : start + _MOST_TOKENS], other[start : start + _MOST_TOKENS]
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1] / longest


def _speech_distance(
    one: Sequence[Spoken], other: Sequence[Spoken], exact: bool
) -> float:
    """Share of the longer speech that the other does not have in the same place."""
    total_s = max(sum(p.duration_s for p in one), sum(p.duration_s for p in other))
    if not total_s:
        return 0.0
    if not exact:
        total_s = min(sum(p.duration_s for p in one), sum(p.duration_s for p in other))
    same_s = sum(a.duration_s for a, b in zip(one, other, strict=False)
                 if (not exact or abs(a.at - b.at) <= _EPSILON) and _alike(a, b))
    return 1.0 - min(1.0, same_s / total_s) if total_s else 0.0


def _alike(one: Spoken, other: Spoken) -> bool:
    if (one.length, one.sample_rate_hz) != (other.length, other.sample_rate_hz):
        return False
    if one.digest == other.digest:
        return True
    apart = np.abs(one.samples().astype(np.int32) - other.samples().astype(np.int32))
    return int(apart.max(initial=0)) <= SAME_SAMPLE


def _spoken(at: float, path: Path, offset: int, length: int, rate_hz: int) -> Spoken:
    samples = _read(path, offset, length)
    digest = hashlib.sha256(samples.tobytes()).hexdigest()[:16]
    loud = np.sqrt(np.mean(np.square(samples, dtype=np.float64))) if length else 0.0
    return Spoken(at, path, offset, length, rate_hz, digest, bool(loud > _AUDIBLE))


def _read(path: Path, offset: int, length: int) -> npt.NDArray[np.int16]:
    """Samples as the replay stored them: 16-bit mono."""
    with wave.open(str(path), "rb") as file:
        file.setpos(offset)
        return np.frombuffer(file.readframes(length), dtype="<i2")
