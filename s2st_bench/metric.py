"""What a metric is: sufficient statistics per item, and one function of their weighted sum.

A corpus score, its interval and a paired test all come from the same ``stats`` matrix, so that
nothing is computed twice and every resample is a matrix product.

*Item*: one reference segment of one recording as one system said it.  A short-form recording is
one item; a long-form one is resegmented into as many items as it has segments.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, overload

import numpy as np
import numpy.typing as npt

from s2st_bench.types import Emission, MetricSpec, Recording, Segment, SourceUnit, Trace

if TYPE_CHECKING:
    from s2st_bench.sound import Sound

Floats = npt.NDArray[np.float64]
LatencyUnit = Literal["word", "char", "spm", "space_word", "any_char"]
"""The last two are simulstream's: what single spaces part, and every character."""


Recut = Callable[[str, Sequence[Emission]], "tuple[Item, ...]"]


@dataclass(frozen=True, slots=True)
class Item:
    """What is scored.  Times in milliseconds (tokens where ``source_unit`` is ``tokens``),
    from the start of the segment; ``delays[i]`` and ``elapsed[i]`` belong to ``units[i]``.
    """

    id: str
    recording: Recording
    segment: Segment
    trace: Trace
    hypothesis: str
    references: tuple[str, ...]
    units: tuple[str, ...]
    delays: Floats
    """Computation-unaware, ``float64[n]``."""
    elapsed: Floats | None
    """Computation-aware, ``float64[n]``; none where the clock did not measure."""
    source_length: float
    unit: LatencyUnit = "word"
    source_unit: SourceUnit = "s"
    emissions: tuple[Emission, ...] = ()
    time_to_recording_end: float | None = None
    """From the segment's start to the end of the recording's audio (long form)."""
    live: tuple[float, ...] | None = None
    """Re-timed live times in seconds, one per output write of the trace; none: as logged."""
    reference_length: int | None = None
    """Units of the first reference where they are no matter of white space (``spm``), or as
    another tool counts them."""
    sound: Sound | None = None
    """The speech of the whole trace; none where the output is text alone."""
    recut: Recut | None = None
    """All items of the recording, in order, had it been answered with this text in these units."""

    @property
    def cluster(self) -> str:
        return self.recording.cluster or self.recording.id

    @property
    def failed(self) -> bool:
        return self.trace.error is not None


@dataclass(frozen=True, slots=True)
class Unscored:
    """Why an item has no value."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class BatchStats(Sequence[Floats | Unscored]):
    """Sufficient statistics of n items, as one array; element i is that of item i."""

    rows: Floats
    """``float64[n, k]``; NaN where an item has none."""
    missing: Mapping[int, Unscored]
    """Number of each item that has none, and why."""

    @classmethod
    def of(cls, found: Sequence[Floats | Unscored]) -> BatchStats:
        """From each item's own."""
        missing = {i: row for i, row in enumerate(found) if isinstance(row, Unscored)}
        width = next((len(row) for row in found if not isinstance(row, Unscored)), 0)
        rows = np.full((len(found), width), np.nan)
        for i, row in enumerate(found):
            if not isinstance(row, Unscored):
                rows[i] = row
        return cls(rows, missing)

    @overload
    def __getitem__(self, index: int) -> Floats | Unscored: ...
    @overload
    def __getitem__(self, index: slice) -> list[Floats | Unscored]: ...
    def __getitem__(self, index: int | slice) -> Floats | Unscored | list[Floats | Unscored]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return self.missing.get(range(len(self))[index]) or self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def scored(self) -> npt.NDArray[np.bool_]:
        """Which items have statistics, ``bool[n]``."""
        mask = np.ones(len(self), dtype=np.bool_)
        mask[list(self.missing)] = False
        return mask


class Metric(ABC):
    """One metric in one variant, e.g. AL, or AL_CA.

    Subclasses state ``spec`` and take options (unit, tokenizer, …) as annotated keyword
    arguments; ``aware`` selects the computation-aware variant where ``spec.variants`` has it.
    """

    spec: ClassVar[MetricSpec]
    asr_by_rule: ClassVar[bool] = True
    """Whether its option ``asr``, where none is named, is filled by the rule of
    :mod:`s2st_bench.default_asr`; else it stays none.
    """
    per_talk: ClassVar[bool] = False
    """One value a talk, that all its items carry: resampling them says nothing of its spread."""

    label: str = ""
    """What tells it from others of its kind: ``reference`` of ``ASR-BLEU@reference``."""

    def __init__(self, *, aware: bool = False) -> None:
        self.aware = aware

    @property
    def name(self) -> str:
        label = f"@{self.label}" if self.label else ""
        return f"{self.spec.name}{label}{'_CA' if self.aware else ''}"

    def prepare(self, items: Sequence[Item]) -> None:  # noqa: B027
        """See all items once before any ``stats``: batched models score here."""

    @abstractmethod
    def stats(self, item: Item) -> Floats | Unscored:
        """Sufficient statistics ``float64[k]`` of one item, the same k for all."""

    def stats_batch(self, items: Sequence[Item]) -> BatchStats:
        """Statistics of all items: those of ``stats``, by a metric that can with less work."""
        return BatchStats.of([self.stats(item) for item in items])

    @abstractmethod
    def value(self, totals: Floats) -> Floats:
        """Score from summed statistics: ``float64[..., k]`` to ``float64[...]``; NaN if none."""

    def aggregate(self, stats: Floats, weights: Floats) -> Floats:
        """Scores of ``weights[b, n] @ stats[n, k]``: one per row of weights.

        Overridden by metrics that are no function of a sum (percentiles).
        """
        return self.value(weights @ stats)

    def together(self, other: Metric, stats: Floats, others: Floats) -> tuple[Metric, Floats]:
        """What aggregates this metric's ``stats[n, k]`` and those of ``other`` in one: that metric,
        and the rows of both, ``float64[n + m, k]``.

        Overridden where a row means something to the object that made it only.
        """
        return self, np.concatenate([stats, others])

    def within_talk(self, items: Sequence[Item]) -> tuple[float, float] | None:
        """95 % interval of the value of the one talk that ``items`` are of, if the metric has one
        of its own.
        """
        return None

    def unranked(self, items: Sequence[Item]) -> str:
        """Why systems must not be ranked by the value over ``items``; empty: they may."""
        return ""

    def marks(self, items: Sequence[Item]) -> tuple[str, ...]:
        """What must stand beside the value over ``items``, a few words each."""
        return ()

    def as_peer(self, peer: str) -> Metric:
        """The metric as ``peer`` (:data:`s2st_bench.peers.PEERS`) computes it; most are alike."""
        return self

    def on_clock(self, ca: str) -> Metric:
        """The metric for aware times that mean ``ca``; most make nothing of it."""
        return self

    def signature(self) -> Mapping[str, str]:
        """Settings that a reader must know to reproduce the number; short keys, short values."""
        return {}


class MeanMetric(Metric):
    """A metric whose corpus score is the plain mean of its item values."""

    @abstractmethod
    def item_value(self, item: Item) -> float | Unscored:
        """The value of one item."""

    def silent(self, item: Item) -> bool:
        """Whether an item without a value is one that nothing was said for, or all of it too late
        (of a metric with a text's times, after the end of the source).
        """
        if item.failed:
            return True
        if "speech" in self.spec.needs:
            is_cut = item.time_to_recording_end is not None
            unsaid = is_cut and "text" in item.trace.outputs and not item.units
            return not item.trace.pieces or unsaid
        if not item.units:
            return True
        times = item.elapsed if self.aware else item.delays
        end = item.time_to_recording_end or item.source_length
        return times is not None and len(times) > 0 and bool(times[0] >= end)

    def stats(self, item: Item) -> Floats | Unscored:
        value = self.item_value(item)
        if isinstance(value, Unscored):
            return value
        return np.array([value, 1.0])

    def stats_of(self, values: Floats, items: Sequence[Item]) -> BatchStats:
        """Statistics from values of all items, ``float64[n]``.

        Where one is not finite ``item_value`` has the last word: it knows the reason.
        """
        stats = np.ones((len(items), 2))
        stats[:, 0] = values
        missing: dict[int, Unscored] = {}
        for number in np.flatnonzero(~np.isfinite(values)).tolist():
            value = self.item_value(items[number])
            if isinstance(value, Unscored):
                missing[number] = value
                stats[number] = np.nan
            else:
                stats[number, 0] = value
        return BatchStats(stats, missing)

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])
