"""chrF and chrF++ from sacrebleu's counts (Popović 2015, 2017).

Statistics of an item: for each order (character 1..6, then word 1..2 for chrF++) the triple
hypothesis n-grams, reference n-grams, matches.  ``value`` is sacrebleu's F-score with beta 2 and
effective order, on arrays of any leading shape.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sacrebleu
from sacrebleu.metrics.chrf import CHRF

from s2st_bench.metric import Floats
from s2st_bench.types import MetricSpec

from .counts import ReferenceMetric, sacrebleu_counts

_BETA = 2


class ChrF(ReferenceMetric):
    """Character n-gram F-score."""

    spec = MetricSpec("chrF", "%", True, frozenset({"text", "reference"}), source="sacrebleu")
    word_order = 0

    def __init__(
        self, *, aware: bool = False, text_norm: str = "auto", lowercase: bool = False
    ) -> None:
        super().__init__(aware=aware, text_norm=text_norm, lowercase=lowercase)
        self._metric = CHRF(
            word_order=self.word_order, beta=_BETA, lowercase=lowercase
        )

    def counts(self, hypothesis: str, references: tuple[str, ...], lang: str) -> Floats:
        return sacrebleu_counts(self._metric, hypothesis, references)

    def value(self, totals: Floats) -> Floats:
        return chrf(totals)

    def signature(self) -> Mapping[str, str]:
        return {
            **super().signature(),
            "eff": "yes",
            "nc": str(self._metric.char_order),
            "nw": str(self.word_order),
            "space": "no",
            "sacrebleu": sacrebleu.__version__,
        }


class ChrFPlusPlus(ChrF):
    """chrF with word unigrams and bigrams."""

    spec = MetricSpec("chrF++", "%", True, frozenset({"text", "reference"}), source="sacrebleu")
    word_order = 2


def chrf(totals: Floats, beta: float = _BETA) -> Floats:
    """chrF in per cent from summed counts ``float64[..., 3 * orders]``."""
    totals = np.asarray(totals, dtype=np.float64)
    triples = totals.reshape(*totals.shape[:-1], -1, 3)
    hyp, ref, match = triples[..., 0], triples[..., 1], triples[..., 2]
    counted = (hyp > 0) & (ref > 0)
    orders = np.maximum(counted.sum(axis=-1), 1)
    precision = np.where(counted, match / np.where(counted, hyp, 1.0), 0.0).sum(axis=-1) / orders
    recall = np.where(counted, match / np.where(counted, ref, 1.0), 0.0).sum(axis=-1) / orders
    factor = beta**2
    denominator = factor * precision + recall
    return np.asarray(
        100.0 * (1 + factor) * precision * recall / np.where(denominator > 0, denominator, 1.0)
    )
