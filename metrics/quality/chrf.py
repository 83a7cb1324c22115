"""chrF and chrF++ from sacrebleu's counts (Popović 2015, 2017).

Orders: character 1..6, then word 1..2 for chrF++.  Statistics of an item and their value:
:mod:`s2st_bench.text_counts` (beta 2, effective order).
"""

from __future__ import annotations

from collections.abc import Mapping

import sacrebleu
from sacrebleu.metrics.chrf import CHRF

from s2st_bench.metric import Floats
from s2st_bench.text_counts import BETA, chrf, sacrebleu_counts
from s2st_bench.types import MetricSpec

from .counts import ReferenceMetric


class ChrF(ReferenceMetric):
    """Character n-gram F-score."""

    spec = MetricSpec("chrF", "%", True, frozenset({"text", "reference"}), source="sacrebleu")
    word_order = 0

    def __init__(
        self, *, aware: bool = False, text_norm: str = "auto", lowercase: bool = False
    ) -> None:
        super().__init__(aware=aware, text_norm=text_norm, lowercase=lowercase)
        self._metric = CHRF(
            word_order=self.word_order, beta=BETA, lowercase=lowercase
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
