"""Averages of lag over heard words.

Formulas are those of text output (:mod:`s2st_bench.lagging`, :mod:`s2st_bench.token_delay`), d_i
being when word i was heard.  Speech goes on after the source has ended, so by default a mean runs
over *all* words, however late (``cut: none``).  ``truncate=true`` gives the textbook's cut
(``cut: textbook``): AL and LAAL stop at the first word after the end of the source, YAAL before it,
LongYAAL at the end of the recording.  DAL and ATD never cut.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Final

import numpy as np

from s2st_bench.lagging import al, dal, laal, mean_lag, yaal
from s2st_bench.metric import Floats, Item, MeanMetric, Unscored
from s2st_bench.parts import AlignerModel, RecogniserModel
from s2st_bench.timed import is_long, reference_length
from s2st_bench.token_delay import atd, text_tokens
from s2st_bench.types import MetricSpec

from .hearing import NEEDS, Hearing, Place, Source

_VARIANTS: Final = ("CU", "CA")


class HeardMean(Hearing, MeanMetric):
    """A mean over items of a value of the times at which their words were heard."""

    def item_value(self, item: Item) -> float | Unscored:
        found = self.timed(item)
        if isinstance(found, Unscored):
            return found
        heard, times = found
        if not heard.source_length > 0:
            return Unscored("the source has no length")
        return self.of_heard(times, heard)

    @abstractmethod
    def of_heard(self, times: Floats, heard: Item) -> float | Unscored:
        """The value; there is a word, and the source has a length."""


class HeardAverage(HeardMean):
    """One that a reference's length and a cut go into.

    Parameters
    ----------
    truncate
        Cut as the textbook does, instead of counting every word.
    """

    def __init__(
        self, *, aware: bool = False, words: Source = "asr", asr: RecogniserModel | None = None,
        aligner: AlignerModel | None = None, at: Place = "end", truncate: bool = False,
    ) -> None:
        super().__init__(aware=aware, words=words, asr=asr, aligner=aligner, at=at)
        self.truncate = truncate
        self._lengths: set[str] = set()

    def of_heard(self, times: Floats, heard: Item) -> float | Unscored:
        length = reference_length(heard)
        if isinstance(length, Unscored):
            return length
        self._lengths.add("ref" if heard.references else "hyp")
        return self.of_lengths(times, heard, length)

    @abstractmethod
    def of_lengths(self, times: Floats, heard: Item, length: int) -> float | Unscored:
        """The value; ``length`` is R and may be 0."""

    def all_words(self, times: Floats, heard: Item, length: int) -> float:
        """Mean over all words, of max(n, R)."""
        return mean_lag(times, heard.source_length / max(len(times), length))

    def silent(self, item: Item) -> bool:
        if super().silent(item):
            return True
        found = self.timed(item) if self.truncate else None
        if found is None or isinstance(found, Unscored):
            return False
        heard, times = found
        return bool(times[0] >= (heard.time_to_recording_end or heard.source_length))

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "cut": "textbook" if self.truncate else "none",
                "len": "+".join(sorted(self._lengths)) or "ref"}


class HeardAL(HeardAverage):
    """Average Lagging; negative without bound for a system that says too much."""

    spec = MetricSpec("HeardAL", "ms", False, NEEDS, _VARIANTS, "s2st_bench; arXiv:1810.08398")

    def of_lengths(self, times: Floats, heard: Item, length: int) -> float | Unscored:
        if not length:
            return Unscored("the reference is empty")
        if self.truncate:
            return al(times, heard.source_length, length)
        return mean_lag(times, heard.source_length / length)


class HeardLAAL(HeardAverage):
    """Length-Adaptive Average Lagging."""

    spec = MetricSpec("HeardLAAL", "ms", False, NEEDS, _VARIANTS, "s2st_bench; arXiv:2206.05807")

    def of_lengths(self, times: Floats, heard: Item, length: int) -> float | Unscored:
        if self.truncate:
            return laal(times, heard.source_length, length)
        return self.all_words(times, heard, length)


class HeardYAAL(HeardAverage):
    """Yet Another Average Lagging; HeardLAAL unless it is truncated."""

    spec = MetricSpec("HeardYAAL", "ms", False, NEEDS, _VARIANTS, "s2st_bench; arXiv:2509.17349")

    def of_lengths(self, times: Floats, heard: Item, length: int) -> float | Unscored:
        if not self.truncate:
            return self.all_words(times, heard, length)
        value = yaal(times, heard.source_length, length)
        return Unscored("all words came after the segment") if value is None else value


class HeardLongYAAL(HeardAverage):
    """YAAL of resegmented long form."""

    spec = MetricSpec("HeardLongYAAL", "ms", False, NEEDS, _VARIANTS,
                      "s2st_bench; arXiv:2509.17349")

    def of_lengths(self, times: Floats, heard: Item, length: int) -> float | Unscored:
        if not is_long(heard):
            return Unscored("short form")
        if not self.truncate:
            return self.all_words(times, heard, length)
        value = yaal(times, heard.source_length, length, heard.time_to_recording_end)
        return Unscored("all words came after the recording") if value is None else value


class HeardDAL(HeardMean):
    """Differentiable Average Lagging."""

    spec = MetricSpec("HeardDAL", "ms", False, NEEDS, _VARIANTS, "s2st_bench; arXiv:1906.05218")

    def of_heard(self, times: Floats, heard: Item) -> float | Unscored:
        return dal(times, heard.source_length)


class HeardATD(HeardMean):
    """Average Token Delay, a word being a token that ends when it was heard.

    A word is paired with the source spoken by its unaware time, at most all of it.
    """

    spec = MetricSpec("HeardATD", "ms", False, NEEDS, _VARIANTS, "s2st_bench; arXiv:2211.13173")

    def of_heard(self, times: Floats, heard: Item) -> float | Unscored:
        spoken = np.minimum(heard.delays, heard.source_length)
        if not (np.diff(spoken, prepend=0.0) >= 0).all():
            return Unscored("words were heard before the segment began")
        return atd(spoken, text_tokens(spoken, times))


class HeardStartOffset(HeardMean):
    """When the first word was heard."""

    spec = MetricSpec("HeardStartOffset", "ms", False, NEEDS, _VARIANTS, "s2st_bench")

    def of_heard(self, times: Floats, heard: Item) -> float | Unscored:
        return float(times[0])


class HeardEndOffset(HeardMean):
    """When the last word was heard, after the end of the source."""

    spec = MetricSpec("HeardEndOffset", "ms", False, NEEDS, _VARIANTS, "s2st_bench")

    def of_heard(self, times: Floats, heard: Item) -> float | Unscored:
        return float(times[-1] - heard.source_length)
