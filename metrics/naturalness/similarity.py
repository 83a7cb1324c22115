"""How alike source and output speech are to an encoder: the cosine of their mean hidden states.

The measure is only what its checkpoint makes of it:

* ``ProsodySimilarity``: a self-supervised encoder of speech (XLS-R and its kin).  AutoPCP
  (Barrault et al. 2023) has a head on top that was trained on people's ratings, which is not
  here: do not call the number AutoPCP.
* ``EmotionSimilarity``: an encoder trained to tell emotions (audeering's wav2vec2 for arousal,
  dominance and valence, or any other that ``AutoModel`` loads).

Hidden states also hold voice, channel and language, so an echo of the source has 1.0.  Published
values crowd close to 1: look at the anchor, the same between source and reference speech, first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from s2st_bench.errors import DependencyError, InputError
from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.types import MetricSpec

from .opinion import TorchProxy
from .proxy import Features
from .sides import RATE_HZ, Side, hear
from .weights import version_of

_SPEECH = frozenset({"speech", "audio_source"})


class EncoderSimilarity(TorchProxy):
    """Cosine between source and output, -1 to 1.

    Parameters
    ----------
    checkpoint
        A folder that transformers' ``AutoModel`` loads, for raw samples at 16 kHz.
    layer
        Whose hidden states: 0 is what goes into the first, -1 what comes out of the last.
    """

    sides = ("reference",)
    extra = "transformers"

    def __init__(
        self, *, aware: bool = False, anchors: bool = True, checkpoint: str = "", layer: int = -1,
        batch_size: int = 8, device: str = "auto",
    ) -> None:
        super().__init__(aware=aware, anchors=anchors, checkpoint=checkpoint,
                         batch_size=batch_size, device=device)
        self.layer = layer
        self._extractor: Any = None

    def of_side(self, item: Item, side: Side) -> float | Unscored:
        """The cosine between the source and that speech."""
        found: list[Floats] = []
        for one in ("source", side):
            samples = hear(item, one)
            if isinstance(samples, Unscored):
                return samples
            features = self.features(samples)
            if isinstance(features, Unscored):
                return Unscored(f"{one}: {features.reason}")
            found.append(np.array(list(features.values())))
        return _cosine(*found)

    def kind(self) -> str:
        return "encoder-mean"

    def open(self) -> Any:
        transformers: Any = self._transformers()
        extractor = transformers.AutoFeatureExtractor.from_pretrained(
            self.path, local_files_only=True)
        if getattr(extractor, "sampling_rate", RATE_HZ) != RATE_HZ:
            raise InputError(f"{self.title}: {self.path}: wants {extractor.sampling_rate} Hz; an "
                             f"encoder of {RATE_HZ} Hz is wanted")
        network = transformers.AutoModel.from_pretrained(self.path, local_files_only=True)
        layers = network.config.num_hidden_layers
        if not -layers - 1 <= self.layer <= layers:
            raise InputError(f"{self.title}: layer={self.layer}: this encoder has {layers}")
        self._extractor = extractor
        return network

    def score(self, waves: Any) -> list[Features]:
        inputs = self._extractor(list(waves.cpu().numpy()), sampling_rate=RATE_HZ,
                                 return_tensors="pt").to(waves.device)
        found = self._network(**inputs, output_hidden_states=True)
        means = found.hidden_states[self.layer].mean(dim=1).float()
        return [{str(i): value for i, value in enumerate(row)} for row in means.tolist()]

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "layer": str(self.layer),
                "transformers": version_of("transformers", self.title, self.extra)}

    def _transformers(self) -> Any:
        try:
            import transformers
        except ImportError:
            raise DependencyError("transformers", self.title, self.extra) from None
        return transformers

    def unranked(self, items: Sequence[Item]) -> str:
        return super().unranked(items) + "; an echo of the source has 1"


class ProsodySimilarity(EncoderSimilarity):
    """Likeness to an encoder of speech."""

    spec = MetricSpec("ProsodySimilarity", "", True, _SPEECH,
                      source="after AutoPCP (arXiv:2312.05187), without its trained head")
    feature = ""
    proxy_for = "how well the delivery of the source is kept"


class EmotionSimilarity(EncoderSimilarity):
    """Likeness to an encoder of emotion."""

    spec = MetricSpec("EmotionSimilarity", "", True, _SPEECH,
                      source="cosine of mean hidden states of the checkpoint")
    feature = ""
    proxy_for = "how well the emotion of the source is kept"


def _cosine(one: Floats, other: Floats) -> float | Unscored:
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    if not length > 0:
        return Unscored("the encoder gives nothing but zeros")
    return float(np.clip(one @ other / length, -1.0, 1.0))
