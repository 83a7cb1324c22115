"""BLEU that knows when: of what was said in time, and of what had been said so far.

``BLEU@delta``
    Corpus BLEU of the units that were out within ``delta_s`` of their sentence's end; the rest is
    as if never said.  With ``delta_s: .inf`` it is BLEU.
``LatencyBLEU``
    Mean over the source's duration of the sentence BLEU of what had been said by then,
    (1/S) ∫ BLEU(y_t, r) dt from 0 to S: 0 for a system that waits for the end.  Mean over items.
``LatencyBLEU@gu2017``
    (1/T) Σ_{t=1..T} BLEU0(y_t, r) over the T source words, y_t what had been said when word t had
    been read, BLEU0 BLEU without brevity penalty: the running average that the authors' code
    (nyu-dl/dl4mt-simul-trans, reward.py) calls latency BLEU (Gu et al. 2017).  Smoothing is
    sacrebleu's, theirs is NLTK's method 5.
``LatencyBLEU@grissom2014``
    (1/T) Σ_{t=1..T} BLEU(y_t, r) + T BLEU(y_T, r), y_T the whole answer (Grissom II et al. 2014,
    "Don't until the final verb wait"), as later work cites it: the formula was not checked against
    the paper.  It grows with the sentence.

Sentence BLEU has sacrebleu's exponential smoothing and effective order.  What had been said by t
are the units of the final text with a time up to t: text taken back later is not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from sacrebleu.metrics.bleu import BLEU as SacreBLEU

from s2st_bench.errors import ConfigError
from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.timed import is_long, times_of
from s2st_bench.types import MetricSpec, TextSource

from .bleu import BLEU

_NEEDS = frozenset({"text", "reference"})
_ORDER = 4


class DeadlineBLEU(BLEU):
    """BLEU of what was out in time.

    Parameters
    ----------
    delta_s
        Seconds after the end of the sentence.
    """

    spec = MetricSpec("BLEU@delta", "%", True, _NEEDS, ("CU", "CA"), "s2st_bench")

    def __init__(
        self, *, aware: bool = False, text_norm: str = "auto", lowercase: bool = False,
        tokenizer: str = "auto", delta_s: float = 2.0,
    ) -> None:
        super().__init__(aware=aware, text_norm=text_norm, lowercase=lowercase,
                         tokenizer=tokenizer)
        if delta_s < 0:
            raise ConfigError(f"delta_s={delta_s}: 0 or more seconds")
        self.delta_s = delta_s

    def stats(self, item: Item) -> Floats | Unscored:
        if item.source_unit == "tokens":
            return Unscored("text input has no time")
        times = _times(item, self.aware)
        if isinstance(times, Unscored):
            return times
        in_time = times <= item.source_length + 1000.0 * self.delta_s
        return super().stats(replace(item, hypothesis=text_of(item, in_time)))

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "delta": f"{self.delta_s:g}s"}


class LatencyBLEU(BLEU):
    """Time-mean of sentence BLEU.  Statistics of an item, ``float64[2]``: value, 1."""

    spec = MetricSpec("LatencyBLEU", "%", True, _NEEDS, ("CU", "CA"), "s2st_bench")
    brevity = True
    steps: Literal["time", "words"] = "time"

    def stats(self, item: Item) -> Floats | Unscored:
        whole = super().stats(item)
        if isinstance(whole, Unscored):
            return whole
        times = _times(item, self.aware)
        if isinstance(times, Unscored):
            return times
        instants = self.instants(item, times)
        if isinstance(instants, Unscored):
            return instants
        at, weights = instants
        values = np.array([self._bleu(item, times <= t) for t in at])
        return np.array([self.combine(float(values @ weights), whole, len(at)), 1.0])

    def instants(self, item: Item, times: Floats) -> tuple[Floats, Floats] | Unscored:
        """When the answer is looked at, and the weight of each look; the weights sum to 1 or less
        (nothing is said before the first)."""
        if not item.source_length > 0:
            return Unscored("the source has no length")
        at = np.unique(np.clip(times, 0.0, item.source_length))
        return at, np.diff(at, append=item.source_length) / item.source_length

    def combine(self, mean: float, whole: Floats, n_steps: int) -> float:
        """The item's value; ``whole`` are the counts of the whole answer."""
        return mean

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "eff": "yes", "steps": self.steps,
                "bp": "yes" if self.brevity else "no"}

    def _bleu(self, item: Item, said: npt.NDArray[np.bool_]) -> float:
        counts = super().stats(replace(item, hypothesis=text_of(item, said)))
        return 0.0 if isinstance(counts, Unscored) else sentence_bleu(counts, self.brevity)


class LatencyBLEUGu(LatencyBLEU):
    """Mean over source words, without brevity penalty."""

    spec = MetricSpec("LatencyBLEU@gu2017", "%", True, _NEEDS, ("CU", "CA"), "arXiv:1610.00388")
    brevity = False
    steps = "words"

    def instants(self, item: Item, times: Floats) -> tuple[Floats, Floats] | Unscored:
        at = word_ends(item)
        return at if isinstance(at, Unscored) else (at, np.full(len(at), 1.0 / len(at)))


class LatencyBLEUGrissom(LatencyBLEUGu):
    """Mean over source words, plus their number times the final BLEU."""

    spec = MetricSpec("LatencyBLEU@grissom2014", "", True, _NEEDS, ("CU", "CA"), "D14-1140")
    brevity = True

    def combine(self, mean: float, whole: Floats, n_steps: int) -> float:
        return mean + n_steps * sentence_bleu(whole)


def sentence_bleu(counts: Floats, brevity: bool = True) -> float:
    """Smoothed sentence BLEU in per cent from one item's counts ``float64[10]``."""
    sys_len, ref_len, *rest = counts.astype(int).tolist()
    compute = partial(SacreBLEU.compute_bleu, smooth_method="exp", effective_order=True)
    found = compute(rest[:_ORDER], rest[_ORDER:], sys_len, ref_len)
    if brevity or not found.bp:
        return float(found.score)
    return float(found.score / found.bp)


def text_of(item: Item, kept: npt.NDArray[np.bool_]) -> str:
    """The hypothesis without the units that are not kept, ``bool[n]``; single spaces."""
    owners = iter([i for i, unit in enumerate(item.units) for _ in "".join(unit.split())])
    chars = [c if c.isspace() or kept[next(owners)] else "" for c in item.hypothesis]
    return " ".join("".join(chars).split())


def word_ends(item: Item) -> Floats | Unscored:
    """When each source word had been given, ``float64[T]`` with T >= 1, in the item's time."""
    if isinstance(item.recording.source, TextSource) or item.source_unit == "tokens":
        count = int(item.source_length)
        return np.arange(1.0, count + 1) if count > 0 else Unscored("the source has no length")
    if not item.segment.words:
        return Unscored("the corpus has no source word times")
    origin_s = item.segment.start_s if is_long(item) else 0.0
    return 1000.0 * (np.array([word.end_s for word in item.segment.words]) - origin_s)


def _times(item: Item, aware: bool) -> Floats | Unscored:
    """Times of the units, none of them where nothing was said, or why they are not known."""
    if aware and (item.trace.clock == "ideal" or item.source_unit == "tokens"):
        return times_of(item, aware) if item.units else Unscored("compute was not measured")
    if not item.units:
        return np.array([])
    times = times_of(item, aware)
    if isinstance(times, Unscored):
        return times
    letters = "".join(item.hypothesis.split())
    if len(times) != len(item.units) or sum(len("".join(u.split())) for u in item.units) != len(
        letters
    ):
        return Unscored("the units are not parts of the text")
    return times
