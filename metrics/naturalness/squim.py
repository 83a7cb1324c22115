"""TorchAudio-SQUIM (Kumar et al. 2023): STOI, PESQ, SI-SDR and MOS predicted without a reference.

The checkpoint is the state dict that torchaudio publishes: ``squim_objective_dns2020.pth`` for the
objective three, ``squim_subjective_bvcc_daps.pth`` for the MOS.  The networks are torchaudio's.
The MOS is predicted beside clean speech of anybody saying anything (*non-matching reference*),
which ``clean`` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from s2st_bench.errors import AudioError, InputError
from s2st_bench.metric import Unscored
from s2st_bench.sound import digest
from s2st_bench.torch_audio import torchaudio_for
from s2st_bench.types import MetricSpec, Samples

from .opinion import TorchProxy
from .proxy import Features
from .sides import RATE_HZ, usable
from .weights import local

_SOURCE = "arXiv:2304.01448; torchaudio"
_SPEECH = frozenset({"speech"})


class _Objective(TorchProxy):
    def kind(self) -> str:
        return "squim-objective"

    def open(self) -> Any:
        torchaudio = torchaudio_for(self.title, self.extra)
        network = torchaudio.models.squim_objective_base()
        network.load_state_dict(
            self._torch.load(self.path, map_location="cpu", weights_only=True))
        return network

    def score(self, waves: Any) -> list[Features]:
        columns = [column.reshape(-1).tolist() for column in self._network(waves)]
        return [dict(zip(("stoi", "pesq", "si_sdr"), row, strict=True))
                for row in zip(*columns, strict=True)]


class SQUIMSTOI(_Objective):
    """Predicted STOI, 0 to 1."""

    spec = MetricSpec("SQUIM-STOI", "", True, _SPEECH, source=_SOURCE)
    feature = "stoi"
    proxy_for = "STOI, which is a proxy for intelligibility"


class SQUIMPESQ(_Objective):
    """Predicted wide-band PESQ, 1 to 4.6."""

    spec = MetricSpec("SQUIM-PESQ", "", True, _SPEECH, source=_SOURCE)
    feature = "pesq"
    proxy_for = "PESQ, which is a proxy for opinions of telephone quality"


class SQUIMSISDR(_Objective):
    """Predicted SI-SDR."""

    spec = MetricSpec("SQUIM-SI-SDR", "dB", True, _SPEECH, source=_SOURCE)
    feature = "si_sdr"
    proxy_for = "SI-SDR, which is a proxy for how much noise is in the signal"


class SQUIMMOS(TorchProxy):
    """Predicted mean opinion score, 1 to 5.

    Parameters
    ----------
    clean
        A file of clean speech, at least 1 s of it; its first 10 s are used.
    """

    spec = MetricSpec("SQUIM-MOS", "", True, _SPEECH, source=_SOURCE)
    feature = "mos"
    proxy_for = "listeners' opinion of how natural the voice sounds (BVCC, English)"

    def __init__(
        self, *, aware: bool = False, anchors: bool = True, checkpoint: str = "",
        clean: str = "", batch_size: int = 8, device: str = "auto",
    ) -> None:
        super().__init__(aware=aware, anchors=anchors, checkpoint=checkpoint,
                         batch_size=batch_size, device=device)
        self._clean = self._read(clean)

    def kind(self) -> str:
        return "squim-subjective"

    def open(self) -> Any:
        torchaudio = torchaudio_for(self.title, self.extra)
        network = torchaudio.models.squim_subjective_base()
        network.load_state_dict(
            self._torch.load(self.path, map_location="cpu", weights_only=True))
        return network

    def score(self, waves: Any) -> list[Features]:
        clean = self._torch.from_numpy(self._clean).to(waves.device)
        found = self._network(waves, clean.expand(len(waves), -1))
        return [{"mos": float(value)} for value in found.reshape(-1).tolist()]

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "clean": digest(self._clean, RATE_HZ)[:12]}

    def _read(self, clean: str) -> Samples:
        from s2st_bench.audio import read_audio

        path = local(clean, "clean", self.title)
        try:
            samples = usable(read_audio(path, 0.0, 10.0, RATE_HZ))
        except AudioError as error:
            raise InputError(f"{self.title}: clean={clean}: {error}") from error
        if isinstance(samples, Unscored) or len(samples) < RATE_HZ or not np.any(samples):
            raise InputError(f"{self.title}: clean={clean}: at least 1 s of speech is wanted")
        return samples
