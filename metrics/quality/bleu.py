"""BLEU from sacrebleu's counts (Papineni et al. 2002; Post 2018, "A Call for Clarity").

Statistics of an item, ``float64[10]``: system length, reference length, correct 1..4-grams,
total 1..4-grams.  ``value`` is sacrebleu's ``compute_bleu`` (exponential smoothing, no effective
order) on arrays of any leading shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sacrebleu
from sacrebleu.metrics.bleu import BLEU as SacreBLEU

from s2st_bench.errors import ConfigError, DependencyError
from s2st_bench.metric import Floats
from s2st_bench.types import MetricSpec

from .counts import ReferenceMetric, sacrebleu_counts
from .text import tokenizer_for

_ORDER = 4
_MECAB = {"ja-mecab": ("mecab-python3", "ja"), "ko-mecab": ("mecab-ko", "ko")}


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
            try:
                self._by_tokenizer[name] = SacreBLEU(
                    tokenize=name, lowercase=self.lowercase, force=True
                )
            except RuntimeError as error:
                if name not in _MECAB:
                    raise
                package, extra = _MECAB[name]
                feature = f"BLEU with the {name} tokenizer"
                raise DependencyError(package, feature, extra) from error
        return self._by_tokenizer[name]


def bleu(totals: Floats) -> Floats:
    """BLEU in per cent from summed counts ``float64[..., 10]``; NaN where nothing was summed."""
    totals = np.asarray(totals, dtype=np.float64)
    sys_len, ref_len = totals[..., 0], totals[..., 1]
    correct, total = totals[..., 2 : 2 + _ORDER], totals[..., 2 + _ORDER :]
    missed = correct == 0
    # exponential smoothing: the i-th order without a match counts as 1 / 2^i of a match
    numerator = np.where(missed, 0.5 ** np.cumsum(missed, axis=-1), correct)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_log = np.mean(np.log(numerator) - np.log(total), axis=-1)
        brevity = np.where(sys_len < ref_len, np.exp(1.0 - ref_len / sys_len), 1.0)
        score = 100.0 * brevity * np.exp(mean_log)
    zero = missed.all(axis=-1) | (total == 0).any(axis=-1)
    return np.asarray(np.where(zero, 0.0, score))
