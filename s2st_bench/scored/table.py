"""Scores of many recordings as columns: a float array a metric, whatever they are stored in.

A column is ``float64[n]``, NaN where a recording has no value, read when it is first asked for.
A table is also a sequence of :class:`RecordingScores`, each made when it is looked at: twenty
systems of twenty thousand recordings are a few hundred arrays and no million objects.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from s2st_bench.metric import Floats

Column = Callable[[str], Floats]
"""A metric's name to its values; KeyError where there are none."""


@dataclass(frozen=True, slots=True)
class FailedRecording:
    """A recording without a whole answer, and why."""

    recording_id: str
    target_lang: str
    repeat: int
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class RecordingScores:
    """One recording's values by metric; none where it was not scored."""

    recording_id: str
    target_lang: str
    repeat: int
    values: Mapping[str, float | None]
    reasons: Mapping[str, str]
    """Why a metric has no value."""
    failure: FailedRecording | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A metric's corpus value without each cluster in turn."""

    clusters: tuple[str, ...]
    n_items: Floats
    """Scored items of each cluster, ``float64[k]``; some may have none."""
    values: Floats
    """``float64[k]``; the value itself where the cluster has no item."""


class PerRecording(Sequence[RecordingScores]):
    """The values of n recordings (each language and repeat for itself), in the corpus' order.

    Parameters
    ----------
    ids, target_langs, repeats
        Which recording each row is of; ``repeats`` is ``intp[n]``.
    metrics
        Names of the columns.
    column
        Reads one of them.
    failures
        Row to (kind, message), for the rows that failed.
    reasons
        Row to why metrics have no value, for the rows that have such.
    """

    def __init__(
        self, ids: Sequence[str], target_langs: Sequence[str], repeats: npt.NDArray[np.intp],
        metrics: Sequence[str], column: Column, failures: Mapping[int, tuple[str, str]],
        reasons: Callable[[], Mapping[int, Mapping[str, str]]],
    ) -> None:
        self.ids = tuple(ids)
        self.target_langs = tuple(target_langs)
        self.repeats = repeats
        self.metrics = tuple(metrics)
        self._column = column
        self._columns: dict[str, Floats] = {}
        self._failures = failures
        self._read_reasons = reasons

    def column(self, metric: str) -> Floats:
        """A metric's values, ``float64[n]``; all NaN where it was not scored."""
        if metric not in self._columns:
            self._columns[metric] = (self._column(metric) if metric in self.metrics
                                     else np.full(len(self), np.nan))
        return self._columns[metric]

    @cached_property
    def failures(self) -> tuple[FailedRecording, ...]:
        """The recordings without a whole answer."""
        return tuple(self._failure(row) for row in sorted(self._failures))

    @cached_property
    def n_repeats(self) -> int:
        return 1 + int(self.repeats.max(initial=0))

    def find(self, recording_id: str, target_lang: str, repeat: int) -> RecordingScores | None:
        """One recording's row."""
        row = self._rows.get((recording_id, target_lang, repeat))
        return None if row is None else self[row]

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> RecordingScores: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RecordingScores, ...]: ...
    def __getitem__(self, index: int | slice) -> RecordingScores | tuple[RecordingScores, ...]:
        if isinstance(index, slice):
            return tuple(self[row] for row in range(*index.indices(len(self))))
        row = range(len(self))[index]
        return RecordingScores(
            self.ids[row], self.target_langs[row], int(self.repeats[row]),
            {metric: _known(self.column(metric)[row]) for metric in self.metrics},
            self._reasons.get(row, {}),
            self._failure(row) if row in self._failures else None,
        )

    def _failure(self, row: int) -> FailedRecording:
        return FailedRecording(self.ids[row], self.target_langs[row], int(self.repeats[row]),
                               *self._failures[row])

    @cached_property
    def _rows(self) -> dict[tuple[str, str, int], int]:
        keys = zip(self.ids, self.target_langs, self.repeats.tolist(), strict=True)
        return {key: row for row, key in enumerate(keys)}

    @cached_property
    def _reasons(self) -> Mapping[int, Mapping[str, str]]:
        return self._read_reasons()


class LeftOuts(Mapping[str, LeftOut]):
    """Left-out values by metric, each read when it is asked for."""

    def __init__(self, metrics: Sequence[str], read: Callable[[str], LeftOut]) -> None:
        self._metrics = dict.fromkeys(metrics)
        self._read = read

    def __getitem__(self, metric: str) -> LeftOut:
        if metric not in self._metrics:
            raise KeyError(metric)
        return self._read(metric)

    def __contains__(self, metric: object) -> bool:
        return metric in self._metrics

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
