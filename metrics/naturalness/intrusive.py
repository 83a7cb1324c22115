"""PESQ, STOI and SI-SDR: how much an output differs from a reference that is the same signal.

Two people, or a person and a synthesiser, who say the same sentence do not make the same signal:
these measures then say nothing.  They are defined only where the output is a processed copy of
the recording's reference speech (a codec, a channel, an enhancer, an echo of it).  So there is no
value unless the user declares it (``same_signal=true``), and none where the lengths differ by more
than 50 ms.  The longer one is cut to the shorter one's length; nothing is moved in time.

They are torchmetrics' functions (0.10 to 1.9), on equal parts of at most 20 s, since PESQ is made
for utterances; the value is the mean over parts that the measure can judge.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from s2st_bench.cache import Cache
from s2st_bench.errors import ConfigError, DependencyError
from s2st_bench.metric import Item, Unscored
from s2st_bench.sound import digest
from s2st_bench.timed import RecordingMetric
from s2st_bench.types import MetricSpec, Samples

from .sides import RATE_HZ, hear
from .weights import torch_for, version_of

LONGEST_S = 20.0
SHORTEST_S = 0.5
TOLERANCE_S = 0.05
NARROW_HZ = 8_000
_NEEDS = frozenset({"speech"})
_STOI_UNKNOWN = 1.001e-5
"""pystoi gives 1e-5 where less than 30 frames hold speech."""


class SameSignal(RecordingMetric):
    """A measure of the output against the reference speech.

    Parameters
    ----------
    same_signal
        Declares that the output is a processed copy of the reference speech.
    """

    proxy_for: ClassVar[str]
    package: ClassVar[str]
    """What torchmetrics calls for it, beside itself."""

    def __init__(self, *, aware: bool = False, same_signal: bool = False) -> None:
        super().__init__(aware=aware)
        self.same_signal = same_signal
        self._cache = Cache.standard()

    def of_recording(self, item: Item) -> float | Unscored:
        if not self.same_signal:
            return Unscored("the reference is not declared to be the same signal: "
                            "same_signal=true where the output is a processed copy of it")
        output, reference = hear(item, "output"), hear(item, "reference")
        if isinstance(output, Unscored):
            return output
        if isinstance(reference, Unscored):
            return reference
        if abs(len(output) - len(reference)) > TOLERANCE_S * RATE_HZ:
            return Unscored("not the same signal: the reference has another length")
        n = min(len(output), len(reference))
        return self._kept(output[:n], reference[:n], item)

    def _kept(self, output: Samples, reference: Samples, item: Item) -> float | Unscored:
        rate_hz = self.rate_hz(item)

        def computed() -> dict[str, Any]:
            found = self._mean(output, reference, rate_hz)
            return {"reason": found.reason} if isinstance(found, Unscored) else {"value": found}

        key = {"what": self.spec.name, "settings": dict(self.signature()), "rate": rate_hz,
               "audio": [digest(output, RATE_HZ), digest(reference, RATE_HZ)]}
        found: dict[str, Any] = self._cache.get(key, computed)
        return Unscored(str(found["reason"])) if "reason" in found else float(found["value"])

    def _mean(self, output: Samples, reference: Samples, rate_hz: int) -> float | Unscored:
        from s2st_bench.audio import resampled

        if len(output) < SHORTEST_S * RATE_HZ:
            return Unscored(f"less than {SHORTEST_S:g} s")
        if not np.any(output) or not np.any(reference):
            return Unscored("silence")
        both = [resampled(samples, RATE_HZ, rate_hz) for samples in (output, reference)]
        count = int(np.ceil(len(both[0]) / (LONGEST_S * rate_hz)))
        values = []
        for said, wanted in zip(*(np.array_split(s, count) for s in both), strict=True):
            if not np.any(wanted):
                continue
            if not np.any(said):
                return Unscored("the output is silent where the reference is not")
            values.append(self._part(said, wanted, rate_hz))
        known = [value for value in values if np.isfinite(value)]
        return float(np.mean(known)) if known else Unscored("no part that can be judged")

    def _part(self, output: Samples, reference: Samples, rate_hz: int) -> float:
        torch = torch_for(f"metric {self.spec.name}", "speech")
        said, wanted = (torch.from_numpy(np.ascontiguousarray(s)) for s in (output, reference))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pystoi warns where it finds too little speech
                return self.measure(said, wanted, rate_hz)
        except ImportError as error:
            raise DependencyError(error.name or self.package, f"metric {self.spec.name}",
                                  "speech") from None

    @abstractmethod
    def measure(self, output: Any, reference: Any, rate_hz: int) -> float:
        """The value of two tensors ``float32[n]``; NaN where the measure cannot judge them."""

    def rate_hz(self, item: Item) -> int:
        """What the measure hears both signals at."""
        return RATE_HZ

    def unranked(self, items: Sequence[Item]) -> str:
        return f"a proxy for {self.proxy_for}, of processed copies only"

    def signature(self) -> Mapping[str, str]:
        if not self.same_signal:
            return {"same_signal": "no"}
        feature = f"metric {self.spec.name}"
        return {"same_signal": "yes", "part": f"{LONGEST_S:g}s",
                **{name: version_of(name, feature, "speech")
                   for name in ("torchmetrics", self.package)}}


class PESQ(SameSignal):
    """PESQ (ITU-T P.862, P.862.2), 1 to 4.6.

    Parameters
    ----------
    mode
        ``wb`` at 16 kHz, ``nb`` at 8 kHz, or ``auto``: ``nb`` where the output's own rate is
        under 16 kHz.
    """

    spec = MetricSpec("PESQ", "", True, _NEEDS, source="ITU-T P.862; torchmetrics, pesq")
    proxy_for = "opinions of telephone quality"
    package = "pesq"

    def __init__(
        self, *, aware: bool = False, same_signal: bool = False,
        mode: Literal["auto", "wb", "nb"] = "auto",
    ) -> None:
        super().__init__(aware=aware, same_signal=same_signal)
        if mode not in ("auto", "wb", "nb"):
            raise ConfigError(f"PESQ: mode={mode!r}: auto, wb or nb is wanted")
        self.mode = mode

    def rate_hz(self, item: Item) -> int:
        mode = self.mode
        if mode == "auto":
            own_hz = min((piece.sample_rate_hz for piece in item.trace.pieces), default=RATE_HZ)
            mode = "nb" if own_hz < RATE_HZ else "wb"
        return NARROW_HZ if mode == "nb" else RATE_HZ

    def measure(self, output: Any, reference: Any, rate_hz: int) -> float:
        from pesq import NoUtterancesError
        from torchmetrics.functional.audio.pesq import perceptual_evaluation_speech_quality

        mode = "nb" if rate_hz == NARROW_HZ else "wb"
        try:
            return float(perceptual_evaluation_speech_quality(output, reference, rate_hz, mode))
        except NoUtterancesError:
            return float("nan")

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "mode": self.mode}


class STOI(SameSignal):
    """STOI (Taal et al. 2011), 0 to 1; ``extended`` is ESTOI (Jensen and Taal 2016)."""

    spec = MetricSpec("STOI", "", True, _NEEDS,
                      source="doi:10.1109/TASL.2011.2114881; torchmetrics, pystoi")
    proxy_for = "intelligibility"
    package = "pystoi"

    def __init__(
        self, *, aware: bool = False, same_signal: bool = False, extended: bool = False
    ) -> None:
        super().__init__(aware=aware, same_signal=same_signal)
        self.extended = extended

    def measure(self, output: Any, reference: Any, rate_hz: int) -> float:
        from torchmetrics.functional.audio.stoi import short_time_objective_intelligibility

        found = short_time_objective_intelligibility(output, reference, rate_hz, self.extended)
        value = float(found)
        return value if value > _STOI_UNKNOWN else float("nan")

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "extended": "yes" if self.extended else "no"}


class SISDR(SameSignal):
    """Scale-invariant signal-to-distortion ratio (Le Roux et al. 2019)."""

    spec = MetricSpec("SI-SDR", "dB", True, _NEEDS, source="arXiv:1811.02508; torchmetrics")
    proxy_for = "how little was added to the signal"
    package = "torchmetrics"

    def measure(self, output: Any, reference: Any, rate_hz: int) -> float:
        from torchmetrics.functional.audio.sdr import scale_invariant_signal_distortion_ratio

        return float(scale_invariant_signal_distortion_ratio(output, reference, zero_mean=True))
