"""How a stressed recording sounds, and what that does to its times.

A score is a row of pieces and silence at one rate; it becomes a cue file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from s2st_bench.audio import info
from s2st_bench.audio.cue import SUFFIX
from s2st_bench.errors import CorpusError
from s2st_bench.types import AudioSource, Recording, Segment, Word

from .pauses import Pause


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples ``start`` to ``start + frames`` of a slice, at the score's rate."""

    source: AudioSource
    start: int
    frames: int

    @staticmethod
    def of(source: AudioSource, rate_hz: int) -> Piece:
        """A whole slice; its length is the header's.  Raises AudioError, CorpusError."""
        header = info(source.path)
        if header.frames is None:
            raise CorpusError(f"{source.path}: the header does not say how long it is, which a "
                              "stress version must know: write it again, ffmpeg -i IN OUT.wav")
        first = int(source.offset_s * header.sample_rate_hz)
        frames = max(0, header.frames - first)
        if source.duration_s is not None:
            frames = min(frames, int(source.duration_s * header.sample_rate_hz))
        return Piece(source, 0, round(frames * rate_hz / header.sample_rate_hz))


@dataclass(frozen=True, slots=True)
class Score:
    """Pieces and silences (numbers of samples) in a row."""

    rate_hz: int
    row: tuple[Piece | int, ...]
    speed: float = 1.0
    inserted: tuple[tuple[int, int], ...] = ()
    """(sample before stretching, samples put in there), in order."""
    noise: Mapping[str, Any] | None = None

    @staticmethod
    def of(piece: Piece, rate_hz: int) -> Score:
        return Score(rate_hz, (piece,))

    @property
    def frames(self) -> int:
        """Samples of the whole, at its speed."""
        return round(sum(p if isinstance(p, int) else p.frames for p in self.row) / self.speed)

    @property
    def length_s(self) -> float:
        return self.frames / self.rate_hz

    def stretched(self, pauses: Iterable[Pause], factor: float) -> Score:
        """The only piece with every pause ``factor`` times as long: silence in its middle."""
        (piece,) = self.row
        if isinstance(piece, int):
            return self
        row: list[Piece | int] = []
        inserted = []
        at = 0
        for pause in pauses:
            if not at < pause.middle < piece.frames:
                continue
            extra = round((pause.end - pause.start) * (factor - 1))
            row += [replace(piece, start=at, frames=pause.middle - at), extra]
            inserted.append((pause.middle, extra))
            at = pause.middle
        row.append(replace(piece, start=at, frames=piece.frames - at))
        return replace(self, row=tuple(row), inserted=tuple(inserted))

    def at_speed(self, speed: float) -> Score:
        """The same, faster; its times are those before."""
        return replace(self, speed=speed, inserted=())

    def in_noise(
        self, kind: str, snr_db: float, seed: int, sources: Iterable[AudioSource]
    ) -> Score:
        noise = {"kind": kind, "snr_db": snr_db, "seed": seed, "sources": [*sources]}
        return replace(self, noise=noise)

    def moved(self, time_s: float) -> float:
        """When what was at ``time_s`` is heard."""
        at = time_s * self.rate_hz
        return (at + sum(extra for place, extra in self.inserted if place < at)) \
            / self.rate_hz / self.speed

    def timed(self, recording: Recording) -> Recording:
        """The recording with its times moved."""
        return replace(recording, segments=tuple(self._segment(s) for s in recording.segments))

    def _segment(self, segment: Segment) -> Segment:
        return replace(
            segment, start_s=self.moved(segment.start_s), end_s=self.moved(segment.end_s),
            words=tuple(Word(w.text, self.moved(w.start_s), self.moved(w.end_s))
                        for w in segment.words))


def written(recording: Recording, score: Score, folder: Path) -> Recording:
    """The recording with its score as a cue file below ``folder``.

    The file's name tells what is played and not where it lies, so that two copies of a corpus
    have one fingerprint; its folder tells the two apart.  Raises CorpusError.
    """
    cue = {"version": 1, "rate_hz": score.rate_hz, "frames": score.frames, "speed": score.speed,
           "parts": [_part(part, full=True) for part in score.row],
           "noise": _noise(score.noise, full=True)}
    portable = {**cue, "parts": [_part(part, full=False) for part in score.row],
                "noise": _noise(score.noise, full=False)}
    text = json.dumps(cue)
    path = folder / _digest(text) / f"{_digest(json.dumps(portable))}{SUFFIX}"
    try:
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{os.getpid()}.tmp")
            fresh.write_text(text, "utf-8")
            fresh.replace(path)
    except OSError as error:
        raise CorpusError(f"{path}: cannot be written ({error.strerror}); give another "
                          "dataset.folder=DIR") from None
    return replace(recording, source=AudioSource(path), sample_rate_hz=score.rate_hz)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _part(part: Piece | int, *, full: bool) -> dict[str, Any]:
    if isinstance(part, int):
        return {"silence": part}
    return {**_where(part.source, full=full), "start": part.start, "frames": part.frames}


def _noise(noise: Mapping[str, Any] | None, *, full: bool) -> dict[str, Any] | None:
    if noise is None:
        return None
    return {**noise, "sources": [_where(source, full=full) for source in noise["sources"]]}


def _where(source: AudioSource, *, full: bool) -> dict[str, Any]:
    path = str(source.path.absolute()) if full else source.path.name
    return {"path": path, "offset_s": source.offset_s, "duration_s": source.duration_s}
