"""How much the same system differs from itself, run again on the same recordings.

Reruns are runs that agree in system, settings (seeds aside), test set, languages, clock and
replay, and, where computation was measured, in host; or the repeats inside one run.  Of the n
values of a metric: their mean, their standard deviation s (n - 1), and the *noise* of a
comparison, t(0.975, n - 1) s sqrt(2): of two more reruns, one pair in twenty differs by more.  A
gate's margin below the noise gates chance.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2st_bench import student
from s2st_bench.host import label as host_label

from .entries import Entry

_CHANCE = frozenset({"seed"})
_NOT_SYSTEM = frozenset({"name", "out", "resume", "repeat", "executor", "metrics",
                         "metric_options", "score", "dataset", "load"}) | _CHANCE


@dataclass(frozen=True, slots=True)
class Rerun:
    """One metric over n reruns."""

    metric: str
    unit: str
    values: tuple[float, ...]
    mean: float
    deviation: float
    noise: float
    half_width: float | None
    """Half of the 95 % interval over recordings, mean of the runs: what else is uncertain."""

    @property
    def identical(self) -> bool:
        return min(self.values) == max(self.values)


@dataclass(frozen=True, slots=True)
class Reruns:
    """Runs of one system that should have come out alike."""

    name: str
    corpus: str
    of: str
    """What was run again: ``runs``, or ``repeats`` (then values are means of recordings)."""
    n: int
    metrics: tuple[Rerun, ...]


def find_reruns(entries: Sequence[Entry]) -> tuple[Reruns, ...]:
    """Every set of at least two reruns among the entries."""
    sets: dict[str, list[Entry]] = {}
    for entry in entries:
        sets.setdefault(_identity(entry), []).append(entry)
    found = [_of_runs(runs) for runs in sets.values() if len(runs) > 1]
    repeated = [_of_repeats(entry) for entry in entries
                if entry.recordings.n_repeats > 1]
    return tuple(found + repeated)


def measure(
    metric: str, unit: str, values: Sequence[float], half_width: float | None = None
) -> Rerun:
    """The statistics of at least two values."""
    array = np.asarray(values, np.float64)
    deviation = float(array.std(ddof=1))
    noise = float(student.quantile(0.975, len(array) - 1)) * deviation * math.sqrt(2.0)
    return Rerun(metric, unit, tuple(map(float, array)), float(array.mean()), deviation, noise,
                 half_width)


def _of_runs(runs: Sequence[Entry]) -> Reruns:
    metrics = []
    for name, score in runs[0].scores.items():
        scores = [run.scores.get(name) for run in runs]
        values = [s.value for s in scores if s is not None and s.value is not None
                  and s.signature == score.signature]
        halves = [(s.ci95[1] - s.ci95[0]) / 2 for s in scores if s is not None and s.ci95]
        if len(values) == len(runs):
            metrics.append(measure(name, score.unit, values,
                                   sum(halves) / len(halves) if halves else None))
    return Reruns(runs[0].name, runs[0].record.corpus, "runs", len(runs), tuple(metrics))


def _of_repeats(entry: Entry) -> Reruns:
    n, rows = entry.recordings.n_repeats, entry.recordings
    metrics = []
    for name in rows.metrics:
        values = rows.column(name)
        known = ~np.isnan(values)
        repeats = [values[known & (rows.repeats == repeat)] for repeat in range(n)]
        if name in entry.scores and known.any() and len({len(v) for v in repeats}) == 1:
            metrics.append(measure(name, entry.scores[name].unit,
                                   [float(np.mean(v)) for v in repeats]))
    return Reruns(entry.name, entry.record.corpus, "repeats", n, tuple(metrics))


def _identity(entry: Entry) -> str:
    record = entry.record
    settings = {key: _settled(value) for key, value in record.config.items()
                if key not in _NOT_SYSTEM}
    measured = record.clock != "ideal" and {"cpu", "cores"} <= record.host.keys()
    return json.dumps([
        record.system, record.fingerprint, record.source_lang, record.target_lang, record.clock,
        record.corpus_card.get("perturbation"), settings,
        host_label(record.host) if measured else "",
    ], sort_keys=True, default=str)


def _settled(value: Any) -> Any:
    """A setting without what only chance depends on."""
    if isinstance(value, Mapping):
        return {str(k): _settled(v) for k, v in value.items() if k not in _CHANCE}
    return value
