"""What a metric is: sufficient statistics per item, and one function of their weighted sum.

A corpus score, its interval and a paired test all come from the same ``stats`` matrix, so that
nothing is computed twice and every resample is a matrix product.

*Item*: one reference segment of one recording as one system said it.  A short-form recording is
one item; a long-form one is resegmented into as many items as it has segments.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from s2st_bench.types import Emission, MetricSpec, Recording, Segment, SourceUnit, Trace

if TYPE_CHECKING:
    from s2st_bench.batch import Batch

Floats = npt.NDArray[np.float64]
LatencyUnit = Literal["word", "char", "spm"]


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
    """Units of the first reference where they are no matter of white space (``spm``)."""

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


class Metric(ABC):
    """One metric in one variant, e.g. AL, or AL_CA.

    Subclasses state ``spec`` and take options (unit, tokenizer, …) as annotated keyword
    arguments; ``aware`` selects the computation-aware variant where ``spec.variants`` has it.
    """

    spec: ClassVar[MetricSpec]

    def __init__(self, *, aware: bool = False) -> None:
        self.aware = aware

    @property
    def name(self) -> str:
        return f"{self.spec.name}_CA" if self.aware else self.spec.name

    def prepare(self, items: Sequence[Item]) -> None:  # noqa: B027
        """See all items once before any ``stats``: batched models score here."""

    @abstractmethod
    def stats(self, item: Item) -> Floats | Unscored:
        """Sufficient statistics ``float64[k]`` of one item, the same k for all."""

    def stats_of(self, batch: Batch) -> Sequence[Floats | Unscored]:
        """:meth:`stats` of every item; overridden where arrays make it faster."""
        return [self.stats(item) for item in batch.items]

    @abstractmethod
    def value(self, totals: Floats) -> Floats:
        """Score from summed statistics: ``float64[..., k]`` to ``float64[...]``; NaN if none."""

    def aggregate(self, stats: Floats, weights: Floats) -> Floats:
        """Scores of ``weights[b, n] @ stats[n, k]``: one per row of weights.

        Overridden by metrics that are no function of a sum (percentiles).
        """
        return self.value(weights @ stats)

    def signature(self) -> Mapping[str, str]:
        """Settings that a reader must know to reproduce the number; short keys, short values."""
        return {}


class MeanMetric(Metric):
    """A metric whose corpus score is the plain mean of its item values."""

    @abstractmethod
    def item_value(self, item: Item) -> float | Unscored:
        """The value of one item."""

    def stats(self, item: Item) -> Floats | Unscored:
        value = self.item_value(item)
        if isinstance(value, Unscored):
            return value
        return np.array([value, 1.0])

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])
