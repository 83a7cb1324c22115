"""Models of transformers: found, loaded and named in one way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from s2st_bench.checkpoints import digest, local_folder, pick_device
from s2st_bench.errors import DependencyError, InputError

from .model_metric import ModelMetric, Texts


class TransformersMetric(ModelMetric):
    """A metric whose model transformers loads."""

    package = "transformers"

    def __init__(
        self, *, aware: bool = False, checkpoint: str, batch_size: int = 16, device: str = "auto"
    ) -> None:
        super().__init__(aware=aware, checkpoint=checkpoint, batch_size=batch_size, device=device)
        self._model: Any = None
        self._tokenizer: Any = None

    def load(self) -> str:
        if self._model is not None:
            return self._digest
        feature = f"metric {self.spec.name}"
        try:
            import torch
            import transformers
        except ImportError as error:
            raise DependencyError(error.name or "transformers", feature, "transformers") from None
        folder, device = local_folder(self.checkpoint, feature), pick_device(self.device)
        try:
            tokenizer, model = self.open(transformers, folder)
            model = model.to(torch.device(device)).eval()
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split())[:300]
            raise InputError(f"{feature}: {folder}: transformers cannot load it "
                             f"({type(error).__name__}: {reason})") from error
        self._tokenizer, self._model = tokenizer, model
        return digest(folder)

    @abstractmethod
    def open(self, transformers: Any, folder: Path) -> tuple[Any, Any]:
        """Tokenizer and model."""

    def predict(self, texts: Sequence[Texts]) -> list[float]:
        import torch

        # long ones beside long ones: less padding
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i].hypothesis))
        scores = [0.0] * len(texts)
        with torch.inference_mode():
            for start in range(0, len(order), self.batch_size):
                batch = order[start : start + self.batch_size]
                found = self.score_batch([texts[i] for i in batch])
                for i, score in zip(batch, found, strict=True):
                    scores[i] = score
        return scores

    @abstractmethod
    def score_batch(self, texts: Sequence[Texts]) -> list[float]:
        """Scores of one batch."""
