"""What metrics by a trained model share: texts are scored in batches, each different one once.

The corpus value is the mean over items.  An item's texts are its transcript, its hypothesis and
its first reference, as they are: no case or punctuation is taken off.  An empty hypothesis (a
silent or failed recording) is not given to the model, which was never trained on one: it gets
the worst score there is, and the signature says ``empty:``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import ClassVar

import numpy as np

from s2st_bench.checkpoints import check_name, short_name
from s2st_bench.errors import ConfigError, InputError
from s2st_bench.metric import Item, MeanMetric, Unscored


@dataclass(frozen=True, slots=True)
class Texts:
    """What a model reads of an item; a text that the metric does not use is empty."""

    source: str
    hypothesis: str
    reference: str


class ModelMetric(MeanMetric):
    """A mean of a model's scores.

    Parameters
    ----------
    checkpoint
        A path here, or a name on the Hugging Face hub.
    batch_size
        Items scored at once.
    device
        ``cpu``, ``cuda``, or ``auto``: ``cuda`` where there is one.
    """

    package: ClassVar[str]
    """The distribution whose version stands in the signature."""
    worst: ClassVar[float]

    def __init__(
        self, *, aware: bool = False, checkpoint: str, batch_size: int = 16, device: str = "auto"
    ) -> None:
        super().__init__(aware=aware)
        if batch_size < 1:
            raise ConfigError(f"{self.spec.name}: batch_size must be at least 1, not {batch_size}")
        check_name(checkpoint, f"metric {self.spec.name}")
        self.needs = self.spec.needs
        self.checkpoint = checkpoint
        self.batch_size = batch_size
        self.device = device
        self._digest = ""
        self._scores: dict[tuple[str, Texts], float] = {}

    def prepare(self, items: Sequence[Item]) -> None:
        """Score all texts not seen before; loads the model when there is one.

        Raises
        ------
        DependencyError
            The model's package is not installed.
        InputError
            The checkpoint cannot be found or is not one of this metric, or the model gave
            something that is no number.
        """
        wanted = [t for item in items if isinstance(t := self.texts(item), Texts) and t.hypothesis]
        missing = [t for t in dict.fromkeys(wanted) if (self._digest, t) not in self._scores]
        if not missing:
            return
        self._digest = self.load()
        scores = self.predict(missing)
        if not np.isfinite(scores).all():
            raise InputError(f"{self.spec.name}: checkpoint {self.checkpoint} gave a score that is "
                             "no finite number; it is damaged or of another kind")
        for texts, score in zip(missing, scores, strict=True):
            self._scores[self._digest, texts] = float(score)

    def texts(self, item: Item) -> Texts | Unscored:
        """What the model reads of an item, or why it cannot."""
        needs = self.needs
        if "text" not in item.trace.outputs and not item.failed:
            return Unscored("no text output")
        source = _plain(item.segment.transcript)
        reference = _plain(item.references[0]) if item.references else ""
        if "transcript" in needs and not source:
            return Unscored("no transcript")
        if "reference" in needs and not reference:
            return Unscored("no reference")
        return Texts(
            source if "transcript" in needs else "",
            _plain(item.hypothesis),
            reference if "reference" in needs else "",
        )

    def item_value(self, item: Item) -> float | Unscored:
        texts = self.texts(item)
        if isinstance(texts, Unscored):
            return texts
        if not texts.hypothesis:
            return self.worst
        return self._scores[self._digest, texts]

    @abstractmethod
    def load(self) -> str:
        """Load the model unless it is there; the digest of its weights."""

    @abstractmethod
    def predict(self, texts: Sequence[Texts]) -> list[float]:
        """One score for each; the model is loaded."""

    def signature(self) -> Mapping[str, str]:
        return {
            "checkpoint": short_name(self.checkpoint),
            "sha256": self._digest,
            self.package: version(self.package) if self._digest else "",
            "empty": f"{self.worst:g}",
        }


def _plain(text: str) -> str:
    """White space as single spaces; nothing else is changed."""
    return " ".join(text.split())
