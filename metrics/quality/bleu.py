"""BLEU from sacrebleu's counts (Papineni et al. 2002; Post 2018, "A Call for Clarity").

Statistics of an item and their value: :mod:`s2st_bench.text_counts` (exponential smoothing, no
effective order).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sacrebleu
from sacrebleu.metrics.bleu import BLEU as SacreBLEU

from s2st_bench.errors import ConfigError
from s2st_bench.metric import Floats
from s2st_bench.text_counts import bleu, sacrebleu_bleu, sacrebleu_counts
from s2st_bench.text_forms import tokenizer_for
from s2st_bench.types import MetricSpec

from .counts import ReferenceMetric


class BLEU(ReferenceMetric):
    """Corpus BLEU.

    Parameters
    ----------
    tokenizer
        ``auto`` (by target language), or a name sacrebleu knows.
    """

    spec = MetricSpec("BLEU", "%", True, frozenset({"text", "reference"}), source="sacrebleu")

    def __init__(
        self,
        *,
        aware: bool = False,
        text_norm: str = "auto",
        lowercase: bool = False,
        tokenizer: str = "auto",
    ) -> None:
        super().__init__(aware=aware, text_norm=text_norm, lowercase=lowercase)
        known = SacreBLEU.TOKENIZERS
        if tokenizer != "auto" and tokenizer not in known:
            raise ConfigError(f"tokenizer={tokenizer!r}: auto or one of {', '.join(known)}")
        self.tokenizer = tokenizer
        self._by_tokenizer: dict[str, Any] = {}

    def counts(self, hypothesis: str, references: tuple[str, ...], lang: str) -> Floats:
        name = tokenizer_for(lang) if self.tokenizer == "auto" else self.tokenizer
        return sacrebleu_counts(self._metric(name), hypothesis, references)

    def value(self, totals: Floats) -> Floats:
        return bleu(totals)

    def signature(self) -> Mapping[str, str]:
        signatures = {str(m.tokenizer_signature) for m in self._by_tokenizer.values()}
        return {
            **super().signature(),
            "eff": "no",
            "tok": "+".join(sorted(signatures)) or self.tokenizer,
            "smooth": "exp",
            "sacrebleu": sacrebleu.__version__,
        }

    def _metric(self, name: str) -> Any:
        if name not in self._by_tokenizer:
            self._by_tokenizer[name] = sacrebleu_bleu(name, self.lowercase)
        return self._by_tokenizer[name]
