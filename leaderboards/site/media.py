"""Waveforms and listening files, within a budget.

Sound is what takes time and space, so a board holds it for as many recordings as its budget of
seconds allows, in the corpus' order; each file is written once, in Ogg Vorbis (about as small as
Opus for speech, and encoded ten times faster).  Peaks are one character per bucket (see
:func:`encode_peaks`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import AudioError, InputError
from s2st_bench.timeline import Played
from s2st_bench.types import AudioSource, Piece

from .ogg import fix_serial

if TYPE_CHECKING:
    from s2st_bench.audio import TimelinePiece

PEAKS_PER_S = 50.0
MAX_PEAKS = 6_000
"""Buckets of one waveform: long recordings get wider ones."""
LISTENING_RATE_HZ = 24_000
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@dataclass(frozen=True, slots=True)
class Sound:
    """What a page knows of one piece of audio."""

    peaks: str = ""
    seconds: float = 0.0
    file: str = ""
    """Relative to the site; empty where the budget leaves it out."""
    note: str = ""
    """Why something is missing."""


def encode_peaks(extremes: npt.NDArray[np.float32]) -> str:
    """``float32[n, 2]`` minima and maxima as one character of 64 levels per bucket."""
    loudest = np.abs(extremes).max(axis=1) if len(extremes) else np.zeros(0, np.float32)
    levels = np.clip(np.rint(loudest * 63), 0, 63).astype(int)
    return "".join(_ALPHABET[level] for level in levels)


class Studio:
    """Draws waveforms and writes listening files below one site's folder."""

    def __init__(self, site: Path) -> None:
        self._site = site
        self._sources: dict[tuple[Path, float, float | None], Sound] = {}

    def source(self, source: AudioSource, key: str, heard_s: float, *, audible: bool) -> Sound:
        """The waveform and, if ``audible``, the file of a recording's source.

        ``heard_s`` is its length as systems were given it, 0 where none got that far.  The same
        slice in two groups is written once.
        """
        from s2st_bench.audio import info

        slice_ = (source.path, source.offset_s, source.duration_s)
        if slice_ in self._sources:
            return self._sources[slice_]
        try:
            header = info(source.path)
            seconds = heard_s or source.duration_s or max(
                0.0, (header.duration_s or 0.0) - source.offset_s)
            sound = Sound(
                peaks=_draw(source.path, source.offset_s, seconds),
                seconds=seconds,
                file=self._write_source(source, seconds, header.sample_rate_hz, key)
                if audible else "",
            )
        except AudioError as error:
            sound = Sound(seconds=source.duration_s or 0.0, note=_said(error, source.path))
        self._sources[slice_] = sound
        return sound

    def speech(self, run: Path, played: Sequence[Played], key: str, *, audible: bool
               ) -> tuple[Sound, tuple[str, ...]]:
        """The listening file of one system's speech, and the peaks of each piece as played."""
        from s2st_bench.audio import TimelinePiece

        total = sum(p.end_s - p.start_s for p in played)
        try:
            files = {p.piece.path: piece_path(run, p.piece) for p in played}
            drawn = _draw_pieces(files, played, total)
            if not audible or not played:
                return Sound(seconds=total), drawn
            pieces = [
                TimelinePiece(p.start_s, files[p.piece.path], p.piece.offset,
                              round((p.end_s - p.start_s) * p.piece.sample_rate_hz))
                for p in played
            ]
            name = self._write(pieces, key, max(p.piece.sample_rate_hz for p in played))
            return Sound(seconds=total, file=name), drawn
        except AudioError as error:
            return Sound(note=_said(error, run / "pieces")), ("",) * len(played)

    def _write_source(self, source: AudioSource, seconds: float, rate_hz: int, key: str) -> str:
        from s2st_bench.audio import TimelinePiece

        whole = TimelinePiece(0.0, source.path, round(source.offset_s * rate_hz),
                              math.ceil(seconds * rate_hz))
        return self._write([whole], key, rate_hz)

    def _write(self, pieces: Sequence[TimelinePiece], key: str, rate_hz: int) -> str:
        """One file that starts at source time 0; its path relative to the site."""
        from s2st_bench.audio import render_timeline

        name = f"audio/{key}.ogg"
        path = self._site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        render_timeline(pieces, path, min(LISTENING_RATE_HZ, rate_hz))
        fix_serial(path)
        return name


def piece_path(run: Path, piece: Piece) -> Path:
    """Where a piece lies; raises InputError for a path that leaves the run folder."""
    path = (run / piece.path).resolve()
    if not path.is_relative_to(run.resolve()):
        raise InputError(f"{run / 'traces.jsonl'}: a piece of speech lies outside the run folder "
                         f"({piece.path!r}); the run was damaged or tampered with")
    return path


def _said(error: AudioError, path: Path) -> str:
    """The error without the folder: a published page need not say where its maker keeps files."""
    return str(error).replace(f"{path.parent}/", "").replace(f"{path.parent.resolve()}/", "")


def _draw(path: Path, offset_s: float, seconds: float) -> str:
    """The peaks of one slice."""
    from s2st_bench.audio import peaks

    return encode_peaks(peaks(path, max(1, round(seconds * _per_s(seconds))), offset_s, seconds))


def _draw_pieces(files: Mapping[str, Path], played: Sequence[Played], total_s: float
                 ) -> tuple[str, ...]:
    """The peaks of each piece as far as it was heard; every file is read once."""
    from s2st_bench.audio import peaks

    per_s = _per_s(total_s)
    whole: dict[str, str] = {}
    for name, path in files.items():
        end_s = max((p.piece.offset + p.piece.length) / p.piece.sample_rate_hz
                    for p in played if p.piece.path == name)
        whole[name] = encode_peaks(peaks(path, max(1, round(end_s * per_s)), 0.0, end_s))
    drawn = []
    for p in played:
        first = round(p.piece.offset / p.piece.sample_rate_hz * per_s)
        n = max(1, round((p.end_s - p.start_s) * per_s))
        drawn.append(whole[p.piece.path][first:first + n])
    return tuple(drawn)


def _per_s(seconds: float) -> float:
    """Buckets per second of a drawing of ``seconds``."""
    return min(PEAKS_PER_S, MAX_PEAKS / seconds) if seconds > 0 else PEAKS_PER_S
