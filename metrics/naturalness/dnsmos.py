"""DNSMOS P.835 (Reddy, Gopal, Cutler 2022): opinion scores of speech, background and the whole.

The network and its polynomials are Microsoft's (MIT), as the package speechmos holds them; it is
run as ``speechmos.dnsmos`` runs it, without the packages that module imports: audio shorter than
9.01 s is put behind itself (doubled) until it is long enough, windows of 9.01 s begin every
second, each window's raw scores go through the polynomial, and the mean over windows is the value.
P.808's single score, which needs another network, is not computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import ConfigError, DependencyError
from s2st_bench.types import MetricSpec, Samples

from .proxy import Features, StretchProxy
from .sides import RATE_HZ

WINDOW = int(9.01 * RATE_HZ)
_MODEL = "speechmos/dnsmos_models/sig_bak_ovr.onnx"
# raw score to opinion score, highest power first (speechmos.dnsmos)
_POLYNOMIALS = {
    "sig": (-0.08397278, 1.22083953, 0.0052439),
    "bak": (-0.13166888, 1.60915514, -0.39604546),
    "ovrl": (-0.06766283, 1.11546468, 0.04602535),
}
_SOURCE = "doi:10.1109/ICASSP43922.2022.9746108; weights of speechmos"


def windows(samples: Samples, hop: int = RATE_HZ) -> npt.NDArray[np.float32]:
    """Windows of 9.01 s, ``float32[n]`` to ``float32[m, 144160]``, m >= 1, as speechmos has them.

    Its number of windows counts whole seconds only, so that audio of 10.01 to 11 s has one.
    """
    while len(samples) < WINDOW:
        samples = np.concatenate([samples, samples])
    spare_s = int(len(samples) // RATE_HZ - 9.01)
    return np.stack([samples[i : i + WINDOW] for i in range(0, spare_s * RATE_HZ + 1, hop)])


class DNSMOS(StretchProxy):
    """One of the three scores, 1 (bad) to 5 (excellent).

    Parameters
    ----------
    hop_s
        Seconds from window to window.  1 is speechmos' own; 9 looks at each stretch once, up
        to eight times faster.
    batch_size
        Windows a run of the network.
    threads
        Of onnxruntime.
    """

    def __init__(
        self, *, aware: bool = False, anchors: bool = True, hop_s: float = 1.0,
        batch_size: int = 8, threads: int = 1,
    ) -> None:
        super().__init__(aware=aware, anchors=anchors)
        if not 0.01 <= hop_s <= 9.01:
            raise ConfigError(f"{self.spec.name}: hop_s must be 0.01 to 9.01, not {hop_s}")
        if batch_size < 1 or threads < 1:
            raise ConfigError(f"{self.spec.name}: batch_size and threads must be at least 1")
        self.hop_s = hop_s
        self.batch_size = batch_size
        self.threads = threads
        self._weights: bytes = b""
        self._network: Any = None

    def kind(self) -> str:
        return "dnsmos-p835"

    def predict(self, parts: Sequence[Samples]) -> list[Features]:
        hop = round(self.hop_s * RATE_HZ)
        return [self._scores(windows(part, hop)) for part in parts]

    def _scores(self, made: npt.NDArray[np.float32]) -> Features:
        network = self._load()
        raw = np.concatenate([
            network.run(None, {"input_1": made[i : i + self.batch_size]})[0]
            for i in range(0, len(made), self.batch_size)
        ])
        return {name: float(np.polyval(powers, raw[:, i]).mean())
                for i, (name, powers) in enumerate(_POLYNOMIALS.items())}

    def _load(self) -> Any:
        if self._network is None:
            try:
                import onnxruntime
            except ImportError:
                raise DependencyError(
                    "onnxruntime", f"metric {self.spec.name}", "dnsmos") from None
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self.threads
            self._network = onnxruntime.InferenceSession(
                self._read_weights(), options, providers=["CPUExecutionProvider"])
        return self._network

    def _read_weights(self) -> bytes:
        if not self._weights:
            try:
                # Found by its record: another program's folder may be called speechmos too.
                place = distribution("speechmos").locate_file(_MODEL)
            except PackageNotFoundError:
                raise DependencyError(
                    "speechmos", f"metric {self.spec.name}", "dnsmos") from None
            self._weights = Path(str(place)).read_bytes()
        return self._weights

    def signature(self) -> Mapping[str, str]:
        return {
            "stretches": "3-10s",
            "hop": f"{self.hop_s:g}s",
            "sha256": hashlib.sha256(self._read_weights()).hexdigest()[:12],
        }


class DNSMOSSig(DNSMOS):
    """Quality of the speech itself."""

    spec = MetricSpec("DNSMOS-SIG", "", True, frozenset({"speech"}), source=_SOURCE)
    feature: ClassVar[str] = "sig"
    proxy_for = "listeners' opinion of how undistorted the speech is (ITU-T P.835 SIG)"


class DNSMOSBak(DNSMOS):
    """Absence of background noise."""

    spec = MetricSpec("DNSMOS-BAK", "", True, frozenset({"speech"}), source=_SOURCE)
    feature: ClassVar[str] = "bak"
    proxy_for = "listeners' opinion of how little the background disturbs (ITU-T P.835 BAK)"


class DNSMOSOvrl(DNSMOS):
    """Quality of the whole."""

    spec = MetricSpec("DNSMOS-OVRL", "", True, frozenset({"speech"}), source=_SOURCE)
    feature: ClassVar[str] = "ovrl"
    proxy_for = "listeners' opinion of the overall sound quality (ITU-T P.835 OVRL)"
