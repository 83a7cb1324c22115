"""Models of speechbrain by a folder or a name on the hub: speakers' embeddings, languages.

``hyperparams.yaml`` of such a folder says which classes to make: load those of people you trust.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from s2st_bench.checkpoints import digest, local_folder, pick_device, short_name
from s2st_bench.errors import DependencyError, InputError
from s2st_bench.metric import Floats
from s2st_bench.torch_audio import torchaudio_for
from s2st_bench.types import Samples

from .activity import RATE_HZ
from .bank import shortened
from .embedder import WINDOW_S, Windows, even_windows

ECAPA: Final = "speechbrain/spkrec-ecapa-voxceleb"
_SETTINGS: Final = "hyperparams.yaml"
_OWN_PLACE: Final = re.compile(r"^pretrained_path\s*:", re.MULTILINE)


class SpeechbrainModel:
    """A classifier of speechbrain, found, named and loaded.

    Parameters
    ----------
    weights
        Its folder, or its name on the hub.
    device
        ``auto``, ``cpu`` or ``cuda``.
    feature
        What needs it, for messages.
    """

    def __init__(self, weights: str, device: str, feature: str) -> None:
        self._weights = weights
        self._device = device
        self._feature = feature
        self._model: Any = None

    @cached_property
    def folder(self) -> Path:
        return local_folder(self._weights, self._feature)

    @cached_property
    def sha256(self) -> str:
        return digest(self.folder)

    @property
    def name(self) -> str:
        return short_name(self._weights)

    def load(self) -> Any:
        """The ``EncoderClassifier``.

        Raises
        ------
        DependencyError, InputError
        """
        if self._model is not None:
            return self._model
        try:
            torchaudio_for(self._feature, "speech")
            from speechbrain.inference.classifiers import EncoderClassifier
            from speechbrain.utils.fetching import LocalStrategy
        except ImportError as error:
            raise DependencyError(error.name or "speechbrain", self._feature, "speech") from None
        folder, device = self.folder.resolve(), pick_device(self._device)
        try:
            settings = (folder / _SETTINGS).read_text("utf-8")
            # a copy of a published model names the hub as the place of its weights
            here = {"pretrained_path": str(folder)} if _OWN_PLACE.search(settings) else {}
            self._model = EncoderClassifier.from_hparams(
                source=str(folder), savedir=str(folder), overrides=here,
                local_strategy=LocalStrategy.NO_LINK,
                run_opts={"device": device},
            )
        except Exception as error:  # its settings make whatever classes they name
            reason = " ".join(str(error).split())[:300]
            raise InputError(f"{self._feature}: {folder}: speechbrain cannot load it "
                             f"({type(error).__name__}: {reason})") from error
        return self._model


class Ecapa:
    """ECAPA-TDNN (Desplanques et al. 2020), or any speaker encoder of speechbrain."""

    def __init__(self, weights: str = ECAPA, device: str = "auto") -> None:
        self._encoder = SpeechbrainModel(weights, device, "embedder ecapa")

    def signature(self) -> Mapping[str, str]:
        return {"embedder": f"ecapa({self._encoder.name})", "sha256": self._encoder.sha256,
                "window": f"{WINDOW_S:g}s"}

    def load(self) -> None:
        self._encoder.load()

    def windows(self, speech: Samples) -> Windows:
        """Samples, ``float32[k, 48000]``."""
        return even_windows(speech, round(WINDOW_S * RATE_HZ))

    def embed(self, windows: Windows) -> Floats:
        import torch

        model = self._encoder.load()
        with torch.inference_mode():
            found = model.encode_batch(torch.from_numpy(windows).to(model.device))
        return np.asarray(found.squeeze(1).cpu().numpy(), dtype=np.float64)


class LanguageIdentifier:
    """Says which language is spoken, by a classifier of speechbrain (VoxLingua107's).

    Its labels begin with the language's code (``de: German``).
    """

    def __init__(self, weights: str, device: str = "auto") -> None:
        self._classifier = SpeechbrainModel(weights, device, "language_id")

    def signature(self) -> Mapping[str, str]:
        return {"language_id": self._classifier.name, "lid_sha256": self._classifier.sha256}

    def language(self, speech: Samples) -> str:
        """Base code of the language of ``float32[n]`` at 16 kHz, of which two minutes are heard."""
        import torch

        model = self._classifier.load()
        given = torch.from_numpy(shortened(speech)[None])
        with torch.inference_mode():
            *_, labels = model.classify_batch(given.to(model.device))
        return str(labels[0]).partition(":")[0].strip().lower()
