"""Resemblyzer's voice encoder: three LSTM layers trained with GE2E (Wan et al. 2018).

Only the weights in the package ``resemblyzer`` (Apache-2.0) are used; none of its code is imported,
so that neither librosa nor webrtcvad is needed and ``pip install --no-deps`` is enough.  From
samples on, embeddings equal those of its ``VoiceEncoder.embed_utterance`` (tested to 1e-4): mel
spectra of 40 bands in windows of 25 ms every 10 ms, in parts of 1.6 s every 0.77 s.  Before that
its ``preprocess_wav`` makes speech at least -30 dB loud and cuts pauses by webrtcvad; here pauses
are cut by :mod:`.activity`, and all speech is brought to -25 dB: the encoder hears power, not its
logarithm, and the same speech 20 dB softer is another voice to it (cosine 0.84).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np

from s2st_bench.checkpoints import digest, pick_device
from s2st_bench.errors import DependencyError, InputError
from s2st_bench.metric import Floats
from s2st_bench.types import Samples

from .activity import RATE_HZ
from .embedder import Windows

PIP_LINE: Final = "pip install --no-deps resemblyzer==0.1.4"

_FEATURE: Final = "embedder resemblyzer"
_WEIGHTS: Final = "pretrained.pt"
_N_FFT, _HOP, _MELS, _HIDDEN, _LAYERS = 400, 160, 40, 256, 3
_PART: Final = 160
_STEP: Final = round(RATE_HZ / 1.3 / _HOP)
_LEAST_COVERED: Final = 0.75
LEVEL_DB: Final = -25.0
"""Of full scale, root mean square."""


class ResemblyzerMissing(DependencyError):
    """Its package is not installed; an extra cannot name it, since its own needs are not ours."""

    def __init__(self) -> None:
        super().__init__("resemblyzer", _FEATURE, "speech")
        self.args = (f"{_FEATURE} needs the weights in the package 'resemblyzer', which is not "
                     f"installed: {PIP_LINE}",)

    def __reduce__(self) -> Any:
        return ResemblyzerMissing, ()


class Resemblyzer:
    """See the module."""

    def __init__(self, device: str = "auto") -> None:
        self._device = device
        self._model: Any = None

    @cached_property
    def path(self) -> Path:
        """The weights.

        Raises
        ------
        ResemblyzerMissing
        """
        spec = importlib.util.find_spec("resemblyzer")
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (path := Path(folder) / _WEIGHTS).is_file():
                return path
        raise ResemblyzerMissing

    @cached_property
    def _sha256(self) -> str:
        return digest(self.path)

    def signature(self) -> Mapping[str, str]:
        try:
            package = version("resemblyzer")
        except PackageNotFoundError:
            package = ""
        return {"embedder": f"resemblyzer({package})" if package else "resemblyzer",
                "sha256": self._sha256, "level": f"{LEVEL_DB:g}dB"}

    def load(self) -> None:
        if self._model is not None:
            return
        try:
            import torch
        except ImportError as error:
            raise DependencyError(error.name or "torch", _FEATURE, "models") from None
        path, device = self.path, torch.device(pick_device(self._device))
        lstm = torch.nn.LSTM(_MELS, _HIDDEN, _LAYERS, batch_first=True)
        linear = torch.nn.Linear(_HIDDEN, _HIDDEN)
        model = torch.nn.ModuleDict({"lstm": lstm, "linear": linear})
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
            model.load_state_dict({k: v for k, v in state.items()
                                   if k.partition(".")[0] in ("lstm", "linear")})
            self._model = model.to(device).eval()
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{_FEATURE}: {path}: cannot be loaded ({reason}); install it again: "
                             f"{PIP_LINE}") from error

    def windows(self, speech: Samples) -> Windows:
        """Mel spectra of parts of 1.6 s, ``float32[k, 160, 40]``."""
        starts = part_starts(len(speech))
        end = (starts[-1] + _PART) * _HOP
        padded = np.pad(_at_level(speech), (0, max(0, end - len(speech))))
        spectra = mel_spectra(padded)
        return np.stack([spectra[start : start + _PART] for start in starts])

    def embed(self, windows: Windows) -> Floats:
        import torch

        device = next(self._model.parameters()).device
        with torch.inference_mode():
            _, (hidden, _) = self._model["lstm"](torch.from_numpy(windows).to(device))
            raw = torch.relu(self._model["linear"](hidden[-1]))
            found = raw / torch.linalg.vector_norm(raw, dim=1, keepdim=True).clamp_min(1e-12)
        return np.asarray(found.cpu().numpy(), dtype=np.float64)


def part_starts(n: int) -> list[int]:
    """First frame of each part of ``n`` samples.

    The last part is left out where less than three quarters of it are there, unless it is the only
    one.
    """
    frames = -(-(n + 1) // _HOP)
    starts = list(range(0, max(1, frames - _PART + _STEP + 1), _STEP))
    if len(starts) > 1 and (n - starts[-1] * _HOP) / (_PART * _HOP) < _LEAST_COVERED:
        starts.pop()
    return starts


def mel_spectra(samples: Samples) -> Windows:
    """Power in 40 mel bands of ``float32[n]``, ``float32[1 + n // 160, 40]``; zeros beyond it."""
    centred = np.pad(samples, _N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(centred, _N_FFT)[::_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N_FFT) / _N_FFT)
    bands = mel_bands().T
    found = [
        np.abs(np.fft.rfft(frames[at : at + 4096] * window, axis=1)) ** 2 @ bands
        for at in range(0, len(frames), 4096)
    ]
    return np.asarray(np.concatenate(found), dtype=np.float32)


def mel_bands() -> Floats:
    """Triangles on Slaney's mel scale (linear to 1 kHz, then logarithmic), each of area 1.

    ``float64[40, 201]``, as in Slaney's Auditory Toolbox (1998).
    """
    top = 15.0 + np.log(RATE_HZ / 2 / 1000.0) / (np.log(6.4) / 27.0)
    mels = np.linspace(0.0, top, _MELS + 2)
    hertz = np.where(mels < 15.0, mels * 200.0 / 3.0,
                     1000.0 * np.exp((mels - 15.0) * np.log(6.4) / 27.0))
    at = np.fft.rfftfreq(_N_FFT, 1 / RATE_HZ)
    width = np.diff(hertz)
    rising = (at - hertz[:-2, None]) / width[:-1, None]
    falling = (hertz[2:, None] - at) / width[1:, None]
    area = 2.0 / (hertz[2:] - hertz[:-2])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)) * area[:, None])


def _at_level(samples: Samples) -> Samples:
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    if not power:
        return samples
    gain = 10.0 ** (LEVEL_DB / 20.0) / np.sqrt(power)
    return np.asarray(samples * gain, dtype=np.float32)
