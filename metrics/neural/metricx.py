"""MetricX-24 (Juraska et al. 2024): error points, 0 (best) to 25, read off one logit of an mT5.

The encoder reads ``source: … candidate: … reference: …`` without the end-of-text token; the
decoder makes one step from the padding token, and the logit of ``<extra_id_10>`` (id 250089),
cut to 0..25, is the score.  The published hybrid checkpoints read this input with and without a
reference; ``qe=true`` leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from s2st_bench.checkpoints import local_folder
from s2st_bench.errors import InputError
from s2st_bench.types import MetricSpec

from .hugging import TransformersMetric
from .model_metric import Texts

SCORE_TOKEN = 250_089
_MAX_TOKENS = 1536


class MetricX(TransformersMetric):
    """Error points; lower is better.

    Parameters
    ----------
    tokenizer
        Path or hub name; the published checkpoints hold none and use mT5's.
    qe
        Without the reference.
    """

    spec = MetricSpec("MetricX", "", False, frozenset({"text", "transcript", "reference"}),
                      source="arXiv:2410.03983")
    worst = 25.0

    def __init__(
        self, *, aware: bool = False, checkpoint: str = "google/metricx-24-hybrid-large-v2p6",
        tokenizer: str = "google/mt5-large", qe: bool = False, batch_size: int = 8,
        device: str = "auto",
    ) -> None:
        super().__init__(aware=aware, checkpoint=checkpoint, batch_size=batch_size, device=device)
        self.tokenizer = tokenizer
        self.qe = qe
        if qe:
            self.needs -= {"reference"}

    def open(self, transformers: Any, folder: Path) -> tuple[Any, Any]:
        model = transformers.MT5ForConditionalGeneration.from_pretrained(folder)
        if model.config.vocab_size <= SCORE_TOKEN:
            raise InputError(f"metric MetricX: {folder}: a vocabulary of {model.config.vocab_size} "
                             f"has no token {SCORE_TOKEN}, which MetricX' score is read from")
        pieces = local_folder(self.tokenizer, "metric MetricX (tokenizer)")
        return transformers.AutoTokenizer.from_pretrained(pieces), model

    def score_batch(self, texts: Sequence[Texts]) -> list[float]:
        import torch

        rows = self._tokenizer([model_input(t) for t in texts], truncation=True,
                               max_length=_MAX_TOKENS)["input_ids"]
        end = self._tokenizer.eos_token_id
        rows = [row[:-1] if row and row[-1] == end else row for row in rows]
        padded = self._tokenizer.pad({"input_ids": rows}, return_tensors="pt").to(
            self._model.device
        )
        start = torch.zeros((len(texts), 1), dtype=torch.long, device=self._model.device)
        logits = self._model(input_ids=padded["input_ids"], decoder_input_ids=start,
                             attention_mask=padded["attention_mask"]).logits
        scores: list[float] = logits[:, 0, SCORE_TOKEN].float().clamp(0.0, 25.0).tolist()
        return scores

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "qe": "yes" if self.qe else "no"}


def model_input(texts: Texts) -> str:
    """What the encoder reads.

    >>> model_input(Texts("ein Haus", "a house", "the house"))
    'source: ein Haus candidate: a house reference: the house'
    """
    line = f"source: {texts.source} candidate: {texts.hypothesis}"
    return f"{line} reference: {texts.reference}" if texts.reference else line
