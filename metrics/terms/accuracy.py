"""Accuracy and lag of terms, numbers and names (:mod:`.expected` says which are asked for).

Accuracy: answered / asked for, over the corpus; statistics of an item, ``float64[2]``: answered,
asked for.  Lag: from the end of the thing's last source word to the time of the unit that
completes its answer, mean over the answered ones whose source word is timed; statistics,
``float64[2]``: sum of lags in milliseconds, how many.  Silence and failure answer nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.timed import is_long, times_of
from s2st_bench.types import MetricSpec

from .expected import Asked, names, number_values, terms
from .numbers import has_words
from .tokens import units_of

_TEXT = frozenset({"text"})
_REFERENCE = _TEXT | {"reference"}
_WORDS = frozenset({"words"})


class Accuracy(Metric):
    """Share of what is asked for that was said."""

    what: ClassVar[str]
    """For reasons: what an item without a value has none of."""

    def __init__(self, *, aware: bool = False) -> None:
        super().__init__(aware=aware)
        self._langs: set[str] = set()

    def stats(self, item: Item) -> Floats | Unscored:
        if "text" not in item.trace.outputs and not item.failed:
            return Unscored("no text output")
        asked = self.asked(item)
        if isinstance(asked, Unscored):
            return asked
        return np.array([sum(a.last is not None for a in asked), len(asked)], dtype=np.float64)

    def asked(self, item: Item) -> list[Asked] | Unscored:
        """What is asked for, at least one thing."""
        self._langs |= {item.trace.target_lang, item.recording.source_lang}
        if "reference" in self.spec.needs and not item.references:
            return Unscored("no reference")
        return self.find(item) or Unscored(f"no {self.what} asked for")

    @abstractmethod
    def find(self, item: Item) -> list[Asked]:
        """All that is asked for, with its answers."""

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(100.0 * totals[..., 0] / totals[..., 1])


class Lag(Accuracy):
    """Time from a thing's end in the source to its answer."""

    def stats(self, item: Item) -> Floats | Unscored:
        if item.source_unit == "tokens":
            return Unscored("text input has no time")
        times = times_of(item, self.aware)
        if isinstance(times, Unscored):
            return times
        if not item.segment.words:
            return Unscored("the corpus has no source word times")
        owners = units_of(item)
        if owners is None or len(times) != len(item.units):
            return Unscored("the units are not parts of the text")
        asked = self.asked(item)
        if isinstance(asked, Unscored):
            return asked
        origin_s = item.segment.start_s if is_long(item) else 0.0
        lags = [
            times[owners[a.last]] - 1000.0 * (a.source_end_s - origin_s)
            for a in asked if a.last is not None and a.source_end_s is not None
        ]
        if not lags:
            return Unscored(f"no {self.what} answered whose source is timed")
        return np.array([sum(lags), len(lags)], dtype=np.float64)

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])


class TermAccuracy(Accuracy):
    """Terms of the corpus' list."""

    spec = MetricSpec("TermAccuracy", "%", True, _TEXT, source="s2st_bench")
    what = "terms"

    def find(self, item: Item) -> list[Asked]:
        return terms(item)


class TermLag(Lag):
    """Lag of terms."""

    spec = MetricSpec("TermLag", "ms", False, _TEXT | _WORDS, ("CU", "CA"), "s2st_bench")
    what = "terms"

    def find(self, item: Item) -> list[Asked]:
        return terms(item)


class NumberAccuracy(Accuracy):
    """Numbers of the reference, by value."""

    spec = MetricSpec("NumberAccuracy", "%", True, _REFERENCE, source="s2st_bench")
    what = "numbers"

    def find(self, item: Item) -> list[Asked]:
        return number_values(item)

    def signature(self) -> Mapping[str, str]:
        return {"number_words": _with_number_words(self._langs)}


class NumberLag(Lag):
    """Lag of numbers."""

    spec = MetricSpec("NumberLag", "ms", False, _REFERENCE | _WORDS, ("CU", "CA"), "s2st_bench")
    what = "numbers"

    def find(self, item: Item) -> list[Asked]:
        return number_values(item)

    def signature(self) -> Mapping[str, str]:
        return {"number_words": _with_number_words(self._langs)}


class NameAccuracy(Accuracy):
    """Names common to transcript and reference."""

    spec = MetricSpec("NameAccuracy", "%", True, _REFERENCE | {"transcript"}, source="s2st_bench")
    what = "names"

    def find(self, item: Item) -> list[Asked]:
        return names(item)


class NameLag(Lag):
    """Lag of names."""

    spec = MetricSpec("NameLag", "ms", False, _REFERENCE | _WORDS | {"transcript"},
                      ("CU", "CA"), "s2st_bench")
    what = "names"

    def find(self, item: Item) -> list[Asked]:
        return names(item)


def _with_number_words(langs: set[str]) -> str:
    """The languages whose number words were read, for signatures."""
    return "+".join(sorted(filter(has_words, langs))) or "none"
