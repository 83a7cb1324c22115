"""What metrics of time share: which times, which lengths, and when there is no value.

``TimedMetric``       mean over items of a value of their units' times
``ReferencedMetric``  one that also needs the reference's length
``RecordingMetric``   mean over recordings of a value of the whole trace
``PlaybackMetric``    mean over recordings of a value of the speech as it was heard

Where there is no value an item is :class:`~s2st_bench.metric.Unscored`, with the reason.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from s2st_bench.batch import Batch, Rows
from s2st_bench.metric import BatchStats, Floats, Item, MeanMetric, Unscored
from s2st_bench.timeline import Played, logged_times, playback
from s2st_bench.types import Trace
from s2st_bench.units import META, count_units

TEXT = frozenset({"text"})
SPEECH = frozenset({"speech"})


def times_of(item: Item, aware: bool) -> Floats | Unscored:
    """Emission times of the item's units, finite ``float64[n]``, n >= 1, or why there are none."""
    times = logged_units(item, aware)
    if isinstance(times, Unscored) or np.isfinite(times).all():
        return times
    return Unscored("a time is not a finite number")


def logged_units(item: Item, aware: bool) -> Floats | Unscored:
    """The same, whatever numbers the times are."""
    if "text" not in item.trace.outputs and not len(item.units):
        return Unscored("no text output")
    if aware and item.source_unit == "tokens":
        return Unscored("text input has no time to be aware of")
    times = item.elapsed if aware else item.delays
    if times is None:
        return Unscored("compute was not measured")
    if not len(times):
        return Unscored("no output")
    return times


def reference_length(item: Item) -> int | Unscored:
    """R: units of the first reference; of the hypothesis where the item has no reference."""
    if not item.references:
        return len(item.units)
    if item.reference_length is not None:
        return item.reference_length
    reference = item.references[0]
    if item.unit == "spm" and META not in reference and any(META in u for u in item.units):
        return Unscored("the reference is not cut into pieces: name the SentencePiece model")
    return count_units(reference, item.unit)


class TimedMetric(MeanMetric):
    """A mean over items of a value computed from emission times and the source's length."""

    needs_length: ClassVar[bool] = True
    """Whether a source of no length leaves no value."""

    def item_value(self, item: Item) -> float | Unscored:
        times = times_of(item, self.aware)
        if isinstance(times, Unscored):
            return times
        if self.needs_length and not item.source_length > 0:
            return Unscored("the source has no length")
        return self.of_times(times, item)

    def stats_batch(self, items: Sequence[Item]) -> BatchStats:
        batch = Batch.of(items)
        rows = batch.rows(logged_units, reference_length, self.aware)
        values = np.full(len(batch), np.nan)
        with np.errstate(all="ignore"):
            values[rows.numbers] = self.of_rows(rows)
        return self.stats_of(values, batch)

    def of_rows(self, rows: Rows) -> Floats:
        """Values of all rows, ``float64[m]``; one that is not finite is asked of ``of_times``."""
        return np.full(len(rows), np.nan)

    @abstractmethod
    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        """The value; ``times`` has at least one element, and the source a length if needed."""


class ReferencedMetric(TimedMetric):
    """One that also needs a reference length; an empty reference gives none."""

    def __init__(self, *, aware: bool = False) -> None:
        super().__init__(aware=aware)
        self._lengths: set[str] = set()

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        length = reference_length(item)
        if isinstance(length, Unscored):
            return length
        self._lengths.add("ref" if item.references else "hyp")
        return self.of_lengths(times, item, length)

    def stats_batch(self, items: Sequence[Item]) -> BatchStats:
        found = super().stats_batch(items)
        self._lengths |= {
            "ref" if item.references else "hyp"
            for item, scored in zip(items, found.scored.tolist(), strict=True) if scored
        }
        return found

    @abstractmethod
    def of_lengths(self, times: Floats, item: Item, length: int) -> float | Unscored:
        """The value; ``length`` is R and may be 0."""

    def signature(self) -> Mapping[str, str]:
        return {"len": "+".join(sorted(self._lengths)) or "ref"}


class RecordingMetric(MeanMetric):
    """A mean over recordings of a value that a whole recording has.

    The items of a long-form recording all have its value and share its weight.  Statistics of an
    item, ``float64[2]``: value x weight, weight.
    """

    per_talk = True

    def __init__(self, *, aware: bool = False) -> None:
        super().__init__(aware=aware)
        self._seen: tuple[Trace, tuple[float, ...] | None] | None = None
        self._value: float | Unscored = Unscored("")

    def item_value(self, item: Item) -> float | Unscored:
        # The items of one recording come in a row: it is looked at once.
        seen = self._seen
        if seen is None or seen[0] is not item.trace or seen[1] is not item.live:
            self._seen = item.trace, item.live
            self._value = (
                Unscored("the recording failed") if item.failed else self.of_recording(item)
            )
        return self._value

    def stats(self, item: Item) -> Floats | Unscored:
        value = self.item_value(item)
        if isinstance(value, Unscored):
            return value
        return np.array([value, 1.0]) * share(item)

    @abstractmethod
    def of_recording(self, item: Item) -> float | Unscored:
        """The value of the item's recording, from its trace; it did not fail."""


class PlaybackMetric(RecordingMetric):
    """A value of the pieces that were heard.

    Pieces play one after another (:func:`s2st_bench.timeline.playback`), from the source given at
    each write (unaware) or from when it was live (aware).
    """

    def of_recording(self, item: Item) -> float | Unscored:
        trace = item.trace
        if "speech" not in trace.outputs:
            return Unscored("no speech output")
        if trace.source_unit == "tokens":
            return Unscored("text input has no time")
        if self.aware and trace.clock == "ideal":
            return Unscored("compute was not measured")
        if not trace.source_length > 0:
            return Unscored("the source has no length")
        heard = playback(trace, self.aware, item.live if self.aware else None)
        return self.of_playback(heard, item) if heard else Unscored("no output")

    @abstractmethod
    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        """The value in milliseconds; at least one piece was heard and the source has a length."""


def is_long(item: Item) -> bool:
    """Whether the item is a segment cut from a longer recording."""
    return item.time_to_recording_end is not None


def share(item: Item) -> float:
    """The item's part of its recording, where all its items count as one."""
    return 1.0 / max(1, len(item.recording.segments))


def live_or_logged(item: Item) -> Sequence[float] | None:
    """Live times of the trace's output writes under the scoring's clock; none if unmeasured."""
    return logged_times(item.trace) if item.live is None else item.live
