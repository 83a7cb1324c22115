"""Error rates: TER (sacrebleu's Tercom; Snover et al. 2006), WER and CER (jiwer).

Statistics of an item, ``float64[2]``: edits, reference length.  With several references the one
with the fewest edits counts (TER: edits of that one over the mean reference length, as Tercom).
A reference set that is empty in all gives 100 for any edit at all, as sacrebleu does.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from importlib.metadata import version

import numpy as np
import sacrebleu
from sacrebleu.metrics.ter import TER as SacreTER

from s2st_bench.metric import Floats
from s2st_bench.text_counts import char_edits, error_rate, sacrebleu_counts, word_edits
from s2st_bench.types import MetricSpec

from .counts import ReferenceMetric

_NEEDS = frozenset({"text", "reference"})


class TER(ReferenceMetric):
    """Translation edit rate, Tercom's defaults (no case, punctuation kept)."""

    spec = MetricSpec("TER", "%", False, _NEEDS, source="sacrebleu")

    def __init__(
        self, *, aware: bool = False, text_norm: str = "auto", lowercase: bool = True
    ) -> None:
        super().__init__(aware=aware, text_norm=text_norm, lowercase=lowercase)
        self._metric = SacreTER(case_sensitive=not lowercase)

    def counts(self, hypothesis: str, references: tuple[str, ...], lang: str) -> Floats:
        return sacrebleu_counts(self._metric, hypothesis, references)

    def value(self, totals: Floats) -> Floats:
        return error_rate(totals)

    def signature(self) -> Mapping[str, str]:
        return {
            **super().signature(),
            "tok": "tercom",
            "norm": "no",
            "punct": "yes",
            "asian": "no",
            "sacrebleu": sacrebleu.__version__,
        }


class ErrorRate(ReferenceMetric):
    """Levenshtein distance over units, against the nearest reference."""

    def counts(self, hypothesis: str, references: tuple[str, ...], lang: str) -> Floats:
        if self.lowercase:
            hypothesis, references = hypothesis.lower(), tuple(r.lower() for r in references)
        return np.array(min(self.distance(hypothesis, ref) for ref in references), np.float64)

    @abstractmethod
    def distance(self, hypothesis: str, reference: str) -> tuple[int, int]:
        """Edits and reference length."""

    def value(self, totals: Floats) -> Floats:
        return error_rate(totals)

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "jiwer": version("jiwer")}


class WER(ErrorRate):
    """Word error rate."""

    spec = MetricSpec("WER", "%", False, _NEEDS, source="jiwer")

    def distance(self, hypothesis: str, reference: str) -> tuple[int, int]:
        return word_edits(hypothesis, reference)


class CER(ErrorRate):
    """Character error rate; spaces count, runs of them as one."""

    spec = MetricSpec("CER", "%", False, _NEEDS, source="jiwer")

    def distance(self, hypothesis: str, reference: str) -> tuple[int, int]:
        return char_edits(hypothesis, reference)
