"""NISQA v2.0 (Mittag et al. 2021): predicted opinion of transmitted speech and four dimensions.

The network and its features are those of torchmetrics >= 1.9, given the user's own ``nisqa.tar``
(its own function fetches one from the network, and offers no path).  unbabel-comet wants
torchmetrics < 0.11, so that NISQA needs an environment without the extra ``comet``.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

from s2st_bench.errors import DependencyError, InputError
from s2st_bench.types import MetricSpec

from .opinion import TorchProxy
from .proxy import Features
from .sides import RATE_HZ

_SOURCE = "doi:10.21437/Interspeech.2021-299; torchmetrics"
_SPEECH = frozenset({"speech"})
# the network's own order
_OUTPUTS = ("mos", "noi", "dis", "col", "loud")


class _NISQA(TorchProxy):
    extra = "nisqa"

    def kind(self) -> str:
        return "nisqa"

    def open(self) -> Any:
        self._parts = self._torchmetrics()
        found = self._torch.load(self.path, map_location="cpu", weights_only=True)
        self._settings = found["args"]
        network = self._parts._NISQADIM(self._settings)
        network.load_state_dict(found["model_state_dict"])
        return network

    def score(self, waves: Any) -> list[Features]:
        melspec = self._parts._get_librosa_melspec(waves.cpu().numpy(), RATE_HZ, self._settings)
        cut, count = self._parts._segment_specs(self._torch.from_numpy(melspec), self._settings)
        # packing wants the counts on the CPU
        found = self._network(cut.to(waves.device), count.expand(len(cut)).cpu())
        return [dict(zip(_OUTPUTS, row, strict=True)) for row in found.tolist()]

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "rate": f"{RATE_HZ}"}

    def _torchmetrics(self) -> Any:
        """The module of torchmetrics that holds the network."""
        if importlib.util.find_spec("librosa") is None:
            raise DependencyError("librosa", self.title, self.extra)
        try:
            found = importlib.import_module("torchmetrics.functional.audio.nisqa")
        except ImportError:
            note = "; not beside the extra comet, which wants torchmetrics<0.11"
            raise DependencyError("torchmetrics>=1.9", self.title + note, self.extra) from None
        if not all(hasattr(found, name) for name in
                   ("_NISQADIM", "_get_librosa_melspec", "_segment_specs")):
            raise InputError(f"{self.title}: this torchmetrics holds NISQA in another form than "
                             "1.9 does: pip install torchmetrics==1.9.0")
        return found


class NISQA(_NISQA):
    """Predicted mean opinion score, 1 to 5."""

    spec = MetricSpec("NISQA", "", True, _SPEECH, source=_SOURCE)
    feature = "mos"
    proxy_for = "listeners' opinion of the quality of transmitted speech"


class NISQANoisiness(_NISQA):
    """Its dimension noisiness, 1 (noisy) to 5."""

    spec = MetricSpec("NISQA-NOI", "", True, _SPEECH, source=_SOURCE)
    feature = "noi"
    proxy_for = "listeners' opinion of how free of noise speech is"


class NISQADiscontinuity(_NISQA):
    """Its dimension discontinuity, 1 (broken) to 5."""

    spec = MetricSpec("NISQA-DIS", "", True, _SPEECH, source=_SOURCE)
    feature = "dis"
    proxy_for = "listeners' opinion of how unbroken speech is"


class NISQAColoration(_NISQA):
    """Its dimension coloration, 1 (coloured) to 5."""

    spec = MetricSpec("NISQA-COL", "", True, _SPEECH, source=_SOURCE)
    feature = "col"
    proxy_for = "listeners' opinion of how uncoloured speech sounds"


class NISQALoudness(_NISQA):
    """Its dimension loudness, 1 (wrong) to 5."""

    spec = MetricSpec("NISQA-LOUD", "", True, _SPEECH, source=_SOURCE)
    feature = "loud"
    proxy_for = "listeners' opinion of how right the loudness is"
