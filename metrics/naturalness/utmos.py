"""UTMOS (Saeki et al. 2022): predicted opinion of how natural an utterance is.

The checkpoint is either of

* a TorchScript file whose ``forward`` takes ``float32[b, n]`` at 16 kHz, or that and the rate,
  and gives ``float[b]`` (or ``[b, 1]``);
* a folder with ``hubconf.py`` and one ``*.pt`` or ``*.pth`` of its weights: a checkout of
  tarepan/SpeechMOS with its release ``utmos22_strong_step7459_v1.pt`` put beside it.  Loading it
  runs the folder's code: use a checkout you trust.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError
from s2st_bench.types import MetricSpec

from .opinion import TorchProxy
from .proxy import Features
from .sides import RATE_HZ

_ENTRY = "utmos22_strong"


class UTMOS(TorchProxy):
    """Predicted mean opinion score, 1 to 5."""

    spec = MetricSpec("UTMOS", "", True, frozenset({"speech"}), source="arXiv:2204.02152")
    feature = "mos"
    proxy_for = "listeners' opinion of how natural the voice sounds (VoiceMOS 2022, English TTS)"

    def kind(self) -> str:
        return "utmos"

    def open(self) -> Any:
        if self.path.is_file():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # the published file is one
                return self._torch.jit.load(str(self.path), map_location="cpu")
        weights = _weights(self.path)
        network = self._torch.hub.load(str(self.path), _ENTRY, source="local", pretrained=False)
        state = self._torch.load(weights, map_location="cpu", weights_only=True)
        network.load_state_dict(state)
        return network

    def score(self, waves: Any) -> list[Features]:
        found = self._call(waves).reshape(-1).tolist()
        if len(found) != len(waves):
            raise InputError(f"{self.title}: {self.path}: gave {len(found)} scores for "
                             f"{len(waves)} stretches")
        return [{"mos": float(value)} for value in found]

    def _call(self, waves: Any) -> Any:
        if self.path.is_file() and len(self._network.forward.schema.arguments) == 2:
            return self._network(waves)  # self and the samples
        return self._network(waves, RATE_HZ)


def _weights(folder: Path) -> Path:
    found = sorted({*folder.glob("*.pt"), *folder.glob("*.pth")})
    if not (folder / "hubconf.py").is_file() or len(found) != 1:
        raise InputError(f"metric UTMOS: {folder}: a folder holds hubconf.py and one file of "
                         f"weights (*.pt, *.pth); here are {len(found)}")
    return found[0]
