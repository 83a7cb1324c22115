"""BLEURT (Sellam et al. 2020): a regression of the pair reference, hypothesis.

Any checkpoint that transformers loads as a sequence classification with one output, as the
published BLEURT of BERT's size are in their conversions (``Elron/bleurt-base-512``).  BLEURT-20 is
of an architecture of its own that transformers does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError
from s2st_bench.types import MetricSpec

from .hugging import TransformersMetric
from .model_metric import Texts

_MAX_TOKENS = 512


class BLEURT(TransformersMetric):
    """Quality of the hypothesis against the reference; about 0 to 1, not bounded."""

    spec = MetricSpec("BLEURT", "", True, frozenset({"text", "reference"}),
                      source="arXiv:2004.04696")
    worst = 0.0

    def __init__(
        self, *, aware: bool = False, checkpoint: str = "Elron/bleurt-base-512",
        batch_size: int = 16, device: str = "auto",
    ) -> None:
        super().__init__(aware=aware, checkpoint=checkpoint, batch_size=batch_size, device=device)

    def open(self, transformers: Any, folder: Path) -> tuple[Any, Any]:
        model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
        if model.config.num_labels != 1:
            raise InputError(f"metric BLEURT: {folder}: a model of {model.config.num_labels} "
                             "classes; a regression with one output is wanted")
        return transformers.AutoTokenizer.from_pretrained(folder), model

    def score_batch(self, texts: Sequence[Texts]) -> list[float]:
        longest = min(_MAX_TOKENS, self._model.config.max_position_embeddings)
        encoded = self._tokenizer(
            [t.reference for t in texts], [t.hypothesis for t in texts],
            padding=True, truncation=True, max_length=longest, return_tensors="pt",
        ).to(self._model.device)
        scores: list[float] = self._model(**encoded).logits[:, 0].float().tolist()
        return scores
