"""All items of a scoring pass at once: their times as one array, gathered once for all metrics.

``Rows`` holds the items that have times and a source of some length, *compressed*: the times of
all units one after another, item by item, so that a metric is a handful of array operations
whatever the number of items, and one very long hypothesis costs no more than its own units.
Items it leaves out have no value, or are looked at one by one (:mod:`s2st_bench.timed`).

Shapes: n items of the pass, m of them in the rows, t units in all; every row has at least one unit.
Times in milliseconds (tokens for text input), as :class:`~s2st_bench.metric.Item` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from s2st_bench.metric import Floats, Item, Unscored

Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
TimesOf = Callable[[Item, bool], Floats | Unscored]
LengthOf = Callable[[Item], int | Unscored]


class Rows:
    """Times of m items, and what goes with them.

    Parameters
    ----------
    items
        The items, each with at least one time.
    numbers
        Their numbers in the pass, ``intp[m]``.
    times
        Their times, finite ``float64[size]`` each.
    lengths
        Their reference lengths R, ``float64[m]``; NaN where there is none.
    """

    def __init__(
        self, items: Sequence[Item], numbers: Ints, times: Sequence[Floats], lengths: Floats
    ) -> None:
        self.items = items
        self.numbers = numbers
        self.reference_lengths = lengths
        self.sizes: Ints = np.array([len(t) for t in times], dtype=np.intp)
        self.times: Floats = np.concatenate(times) if times else np.zeros(0)
        self.source_lengths: Floats = np.array([i.source_length for i in items], dtype=np.float64)

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def first(self) -> Ints:
        """Where each row begins in ``times``, ``intp[m]``."""
        return np.cumsum(self.sizes) - self.sizes

    @cached_property
    def owner(self) -> Ints:
        """The row each unit is of, ``intp[t]``."""
        return np.repeat(np.arange(len(self)), self.sizes)

    @cached_property
    def place(self) -> Ints:
        """Number of each unit in its row, from 0, ``intp[t]``."""
        return np.arange(len(self.times)) - self.first[self.owner]

    @cached_property
    def ends(self) -> Floats:
        """From the start of each item to the end of its recording, ``float64[m]``; NaN in short
        form."""
        ends = [item.time_to_recording_end for item in self.items]
        return np.array(ends, dtype=np.float64)

    @cached_property
    def late(self) -> Ints:
        """How many units come before the first with d_i >= S, ``intp[m]``."""
        return self.before(self.source_lengths)

    @cached_property
    def delays(self) -> Floats:
        """The items' unaware times, ``float64[t]``; NaN where an item has another number of
        them."""
        found = [
            item.delays if len(item.delays) == size else np.full(size, np.nan)
            for item, size in zip(self.items, self.sizes.tolist(), strict=True)
        ]
        return np.concatenate(found) if found else np.zeros(0)

    @cached_property
    def clipped(self) -> Rows:
        """The same with negative times raised to 0."""
        other = copy(self)
        other.__dict__.pop("late", None)
        other.times = np.maximum(self.times, 0.0)
        return other

    def before(self, limits: Floats) -> Ints:
        """How many leading units of each row come before ``limits``, ``float64[m]``; none before a
        limit that is NaN."""
        if not len(self):
            return self.sizes
        late = ~(self.times < limits[self.owner])
        return np.minimum.reduceat(np.where(late, self.place, self.sizes[self.owner]), self.first)

    def sums(self, values: Floats) -> Floats:
        """Sum over each row of ``float64[t]``."""
        return np.add.reduceat(values, self.first) if len(self) else np.zeros(0)

    def running_max(self, values: Floats) -> Floats:
        """Maximum over each unit of ``float64[t]`` and those before it in its row."""
        return running(np.maximum, values, self.place, -np.inf)


class Batch(Sequence[Item]):
    """The items of a scoring pass; a plain sequence to metrics that do not know better."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = tuple(items)
        self._rows: dict[tuple[TimesOf, bool], Rows] = {}
        self._lengths: list[float] = []

    @classmethod
    def of(cls, items: Sequence[Item]) -> Batch:
        """The batch that ``items`` is, or a new one."""
        return items if isinstance(items, Batch) else cls(items)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, index: int | slice) -> Item | tuple[Item, ...]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def rows(self, times_of: TimesOf, length_of: LengthOf, aware: bool) -> Rows:
        """Times of the items that have some, by ``times_of``; made once."""
        if (times_of, aware) not in self._rows:
            self._rows[times_of, aware] = self._gather(times_of, length_of, aware)
        return self._rows[times_of, aware]

    def _gather(self, times_of: TimesOf, length_of: LengthOf, aware: bool) -> Rows:
        if not self._lengths:
            lengths = map(length_of, self._items)
            self._lengths = [np.nan if isinstance(r, Unscored) else r for r in lengths]
        numbers: list[int] = []
        times: list[Floats] = []
        for number, item in enumerate(self._items):
            if item.source_length > 0 and not isinstance(
                found := times_of(item, aware), Unscored
            ):
                numbers.append(number)
                times.append(found)
        rows = self._rows_of(numbers, times)
        if np.isfinite(rows.times).all():
            return rows
        finite = [i for i, found in enumerate(times) if np.isfinite(found).all()]
        return self._rows_of([numbers[i] for i in finite], [times[i] for i in finite])

    def _rows_of(self, numbers: Sequence[int], times: Sequence[Floats]) -> Rows:
        kept = np.array(numbers, dtype=np.intp)
        lengths = np.array(self._lengths, dtype=np.float64)[kept]
        return Rows([self._items[n] for n in numbers], kept, times, lengths)


def running(
    combine: Callable[[Floats, Floats], Floats], values: Floats, place: Ints, neutral: float
) -> Floats:
    """Running ``combine`` (``np.maximum``, ``np.add``) inside each row of ``float64[t]``.

    Doubling steps (Hillis and Steele 1986): after the step of width w each unit holds the result
    over itself and up to 2 w - 1 before it, and no sum runs on from one row into the next.
    """
    out, width, longest = values.copy(), 1, int(place.max(initial=0))
    while width <= longest:
        earlier = np.where(place[width:] >= width, out[:-width], neutral)
        out[width:] = combine(out[width:], earlier)
        width *= 2
    return out
