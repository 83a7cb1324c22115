"""How long a run took, how late its words were, and whether that meets a target.

The lag of a word is how far it is behind an even pace (:mod:`s2st_bench.standings.lag`), of
speech how far its pieces are when they begin to play (:mod:`s2st_bench.standings.lag_parts`);
seconds, pooled over recordings and repeats, computation included where it was measured.
Percentiles are the smallest lag that at least p per cent do not exceed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from s2st_bench.standings.entries import Entry
from s2st_bench.standings.lag import lag_curve
from s2st_bench.standings.lag_parts import lag_parts

PERCENT = (50, 95, 99)
TARGET_PERCENT = 95
"""A target is met when this share of words is within it."""


@dataclass(frozen=True, slots=True)
class Lags:
    """Lags of one kind of unit; seconds."""

    unit: str
    """``words``, ``characters`` or ``pieces of speech``."""
    aware: bool
    """Computation is in it."""
    n: int
    mean: float
    percentiles: tuple[float, ...]
    """Of :data:`PERCENT`."""
    most: float
    within: float
    """Share that is within the target."""
    met: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """One run."""

    run: str
    """Its folder's name."""
    name: str
    corpus: str
    languages: str
    clock: str
    runtime_s: float | None
    """From the run's start to its end; none while it is not finished."""
    source_s: float
    """Speech given to the system, repeats included."""
    n_recordings: int
    n_failed: int
    n_chunks: int
    """Exchanges in which source was given."""
    n_shared: int
    """Traces measured while other work shared the host."""
    target_s: float
    lags: tuple[Lags, ...]


def summarise(entry: Entry, target_s: float) -> Summary:
    """Read an entry's traces once."""
    record = entry.record
    recordings = {recording.id: recording for recording in entry.folder.recordings()}
    unit = entry.latency_unit
    words: dict[bool, list[float]] = {True: [], False: []}
    pieces: list[float] = []
    n_chunks, source_s = 0, 0.0
    for trace in entry.folder.traces():
        given = [step.source_s for step in trace.steps]
        n_chunks += sum(after > before for before, after in zip([0.0, *given], given, strict=False))
        if trace.source_unit != "s":
            continue
        source_s += trace.source_length
        recording = recordings[trace.recording_id]
        for lag in lag_curve(trace, recording, unit):
            aware = trace.clock != "ideal" and lag.behind_aware_s is not None
            words[aware].append(lag.behind_aware_s if aware and lag.behind_aware_s is not None
                                else lag.behind_s)
        if "speech" in trace.outputs and trace.pieces:
            pieces += [sum(parts.values()) for parts in lag_parts(trace, recording, unit)]
    named = "characters" if unit == "char" else "words"
    found = (_lags(named, True, words[True], target_s), _lags(named, False, words[False], target_s),
             _lags("pieces of speech", True, pieces, target_s))
    return Summary(
        entry.folder.path.name, entry.name, record.corpus,
        f"{record.source_lang} → {record.target_lang}", record.clock,
        _runtime_s(record.started_at, record.finished_at), source_s, len(entry.recordings),
        entry.n_failed, n_chunks, entry.heard.n_disturbed, target_s,
        tuple(lags for lags in found if lags is not None),
    )


def _lags(unit: str, aware: bool, seconds: Iterable[float], target_s: float) -> Lags | None:
    values = np.sort(np.fromiter(seconds, np.float64))
    if not len(values):
        return None
    places = [int(np.ceil(percent / 100 * len(values))) - 1 for percent in PERCENT]
    percentiles = tuple(float(values[place]) for place in places)
    return Lags(
        unit, aware, len(values), float(values.mean()), percentiles, float(values[-1]),
        float((values <= target_s).mean()),
        percentiles[PERCENT.index(TARGET_PERCENT)] <= target_s,
    )


def _runtime_s(started: str, finished: str) -> float | None:
    try:
        span = datetime.fromisoformat(finished) - datetime.fromisoformat(started)
    except ValueError:
        return None
    return span.total_seconds()
