"""WavLM with an x-vector head (Chen et al. 2022), by transformers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from s2st_bench.checkpoints import digest, local_folder, pick_device, short_name
from s2st_bench.errors import DependencyError, InputError
from s2st_bench.metric import Floats
from s2st_bench.types import Samples

from .activity import RATE_HZ
from .embedder import WINDOW_S, Windows, even_windows

DEFAULT: Final = "microsoft/wavlm-base-plus-sv"
_FEATURE: Final = "embedder wavlm"


class WavLM:
    """``weights`` is a folder here, or a name on the hub, of a ``WavLMForXVector``."""

    def __init__(self, weights: str = DEFAULT, device: str = "auto") -> None:
        self._weights = weights
        self._device = device
        self._model: Any = None
        self._extractor: Any = None

    @cached_property
    def _folder(self) -> Path:
        return local_folder(self._weights, _FEATURE)

    @cached_property
    def _sha256(self) -> str:
        return digest(self._folder)

    def signature(self) -> Mapping[str, str]:
        return {"embedder": f"wavlm({short_name(self._weights)})", "sha256": self._sha256,
                "window": f"{WINDOW_S:g}s"}

    def load(self) -> None:
        if self._model is not None:
            return
        try:
            import torch
            from transformers import Wav2Vec2FeatureExtractor, WavLMForXVector
        except ImportError as error:
            raise DependencyError(error.name or "transformers", _FEATURE, "transformers") from None
        folder, device = self._folder, torch.device(pick_device(self._device))
        try:
            model, found = WavLMForXVector.from_pretrained(
                folder, local_files_only=True, output_loading_info=True)
            if found["missing_keys"]:
                raise ValueError(f"it lacks {', '.join(sorted(found['missing_keys'])[:3])}")
            self._extractor = Wav2Vec2FeatureExtractor.from_pretrained(
                folder, local_files_only=True)
            self._model = model.to(device).eval()
        except Exception as error:  # safetensors and configurations raise kinds of their own
            reason = " ".join(str(error).split())[:300]
            raise InputError(f"{_FEATURE}: {folder}: transformers cannot load it "
                             f"({type(error).__name__}: {reason})") from error

    def windows(self, speech: Samples) -> Windows:
        """Samples, ``float32[k, 48000]``."""
        return even_windows(speech, round(WINDOW_S * RATE_HZ))

    def embed(self, windows: Windows) -> Floats:
        import torch

        given = self._extractor(list(windows), sampling_rate=RATE_HZ, return_tensors="pt")
        with torch.inference_mode():
            found = self._model(given.input_values.to(self._model.device)).embeddings
        return np.asarray(found.cpu().numpy(), dtype=np.float64)
