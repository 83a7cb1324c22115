"""Items with their times as arrays, made once for all metrics of a scoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from s2st_bench.metric import Floats, Item, Unscored

_SPARE = 4
"""Items of more than so many times the mean number of units stay out: padding must not grow
with the one that floods.
"""
_NARROW = 64


@dataclass(frozen=True)  # no slots: what is derived is kept
class Padded:
    """Times of the items that have some, in a rectangle."""

    rows: npt.NDArray[np.intp]
    """Numbers of the items, ``intp[m]``; what is not here is looked at one by one."""
    times: Floats
    """``float64[m, w]``; 0 behind an item's last unit."""
    counts: npt.NDArray[np.intp]
    """Units of each item, at least 1, ``intp[m]``."""
    source_length: Floats
    """Above 0, ``float64[m]``."""

    @cached_property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Whether there is a unit, ``bool[m, w]``."""
        return np.asarray(np.arange(self.times.shape[1]) < self.counts[:, None])

    @cached_property
    def until_end(self) -> tuple[Floats, Floats]:
        """How many units come up to the first at or after the source's end, that one included,
        and the sum of their times; ``float64[m]`` each.
        """
        late = self.inside & (self.times >= self.source_length[:, None])
        first = np.where(late.any(axis=1), late.argmax(axis=1) + 1, self.counts)
        counted = np.arange(self.times.shape[1]) < first[:, None]
        return first.astype(np.float64), np.sum(self.times, axis=1, where=counted)

    def only(self, kept: npt.NDArray[np.bool_]) -> Padded:
        """Some of the rows, ``bool[m]``."""
        if kept.all():
            return self
        return Padded(self.rows[kept], self.times[kept], self.counts[kept],
                      self.source_length[kept])


class Batch:
    """Items, and what is derived from them once."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self._padded: dict[tuple[bool, bool], Padded] = {}

    def padded(self, aware: bool, *, referenced: bool = False) -> Padded:
        """Times of the items that have times, a source and (``referenced``) a reference length."""
        key = aware, referenced
        if key not in self._padded:
            self._padded[key] = self._with_reference(aware) if referenced else self._pad(aware)
        return self._padded[key]

    @cached_property
    def reference_lengths(self) -> Floats:
        """R of each item, ``float64[n]``; NaN where there is none and for an empty reference."""
        from s2st_bench.timed import reference_length

        lengths = map(reference_length, self.items)
        return np.array([np.nan if isinstance(length, Unscored) else length or np.nan
                         for length in lengths], dtype=np.float64)

    @cached_property
    def has_reference(self) -> npt.NDArray[np.bool_]:
        """Whether R is of a reference, ``bool[n]``; else it is of the hypothesis."""
        return np.array([bool(item.references) for item in self.items], dtype=np.bool_)

    def _with_reference(self, aware: bool) -> Padded:
        found = self.padded(aware)
        return found.only(np.isfinite(self.reference_lengths[found.rows]))

    def _pad(self, aware: bool) -> Padded:
        found = {
            i: times for i, item in enumerate(self.items)
            if (times := item.elapsed if aware else item.delays) is not None and len(times)
            and item.source_length > 0 and not (aware and item.source_unit == "tokens")
        }
        if found:
            widest = max(_NARROW, _SPARE * sum(map(len, found.values())) // len(found))
            found = {i: times for i, times in found.items() if len(times) <= widest}
        counts = np.fromiter(map(len, found.values()), dtype=np.intp, count=len(found))
        times = np.zeros((len(found), counts.max(initial=0)))
        if found:
            inside = np.arange(times.shape[1]) < counts[:, None]
            times[inside] = np.concatenate(list(found.values()))
        padded = Padded(
            np.fromiter(found, dtype=np.intp, count=len(found)), times, counts,
            np.array([self.items[i].source_length for i in found], dtype=np.float64),
        )
        return padded.only(np.isfinite(times).all(axis=1))
