"""How audio reaches a system over a network: packets that are lost, late, or bunched up.

Speech is cut into packets of ``packet_s``.  A packet is sent when its last sample was spoken and
arrives ``delay_s`` plus a random time of mean ``jitter_s`` (exponential) later; one of ``loss`` is
lost.  A lost packet is silence (``lost="zeros"``, as over UDP without concealment), or is sent
again ``resend_s`` later (``lost="late"``, as over TCP).  Packets are handed over in order, so that
one that is late holds up those behind it.  The same seed and recording give the same network.

What a system is given, and its unaware delays, do not change by a late packet; the time at which
it exists does, and with it every aware time.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import ConfigError
from s2st_bench.types import Samples

_BLOCK: Final = 4096
"""Packets drawn at a time."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Settings of the network; the default is none at all."""

    packet_s: float = 0.02
    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    """Share of packets lost, 0 to 1."""
    lost: Literal["zeros", "late"] = "zeros"
    resend_s: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.001 <= self.packet_s <= 10:
            raise ConfigError(f"delivery.packet_s: from 0.001 to 10 s, not {self.packet_s}")
        for name in ("delay_s", "jitter_s", "resend_s"):
            if not 0 <= getattr(self, name) <= 60:
                raise ConfigError(f"delivery.{name}: from 0 to 60 s, not {getattr(self, name)}")
        if not 0 <= self.loss <= 1:
            raise ConfigError(f"delivery.loss: from 0 to 1, not {self.loss}")
        if self.seed < 0:
            raise ConfigError(f"delivery.seed: 0 or more, not {self.seed}")

    @property
    def is_perfect(self) -> bool:
        """Whether audio arrives as it is spoken."""
        return not (self.delay_s or self.jitter_s or self.loss)

    def label(self) -> str:
        """The settings that matter, such as ``delivery(loss=0.05,jitter_s=0.1,seed=0)``; empty for
        a perfect network.
        """
        if self.is_perfect:
            return ""
        unused = set() if self.loss else {"lost", "resend_s"}
        if self.lost == "zeros":
            unused.add("resend_s")
        told = [f"{f.name}={_plain(getattr(self, f.name))}" for f in fields(self)
                if f.name not in unused and (getattr(self, f.name) or f.name == "seed")]
        return f"delivery({','.join(told)})"


class Packets:
    """The packets of one recording, drawn as they are asked for."""

    def __init__(self, delivery: Delivery, recording_id: str, rate_hz: int) -> None:
        digest = hashlib.sha256(f"{delivery.seed}\0{recording_id}".encode()).digest()
        self._random = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
        self._delivery = delivery
        self._rate_hz = rate_hz
        self.frames = max(1, round(delivery.packet_s * rate_hz))
        """Samples of a packet."""
        self._arrivals: npt.NDArray[np.float64] = np.empty(0)
        self._lost: npt.NDArray[np.bool_] = np.empty(0, np.bool_)

    def arrival_s(self, count: int, end_s: float = math.inf) -> float:
        """When the first ``count`` samples are all there; ``end_s`` is the end of the source, at
        which its last packet is sent though it is not full.
        """
        if count <= 0:
            return 0.0
        packet = (count - 1) // self.frames
        self._draw(packet + 1)
        early_s = max(0.0, (packet + 1) * self.frames / self._rate_hz - end_s)
        before = float(self._arrivals[packet - 1]) if packet else 0.0
        return max(before, float(self._arrivals[packet]) - early_s)

    def silenced(self, samples: Samples, first: int) -> Samples:
        """``samples``, of which the first is number ``first``, with lost packets as zeros."""
        if not self._delivery.loss or self._delivery.lost != "zeros" or not len(samples):
            return samples
        packets = np.arange(first, first + len(samples)) // self.frames
        self._draw(int(packets[-1]) + 1)
        gone = self._lost[packets]
        return np.where(gone, np.float32(0), samples) if gone.any() else samples

    def _draw(self, count: int) -> None:
        while len(self._arrivals) < count:
            network = self._delivery
            first = len(self._arrivals)
            late_s = self._random.exponential(1.0, _BLOCK) * network.jitter_s
            lost = self._random.random(_BLOCK) < network.loss
            if network.lost == "late":
                late_s = late_s + lost * network.resend_s
            sent_s = np.arange(first + 1, first + _BLOCK + 1) * (self.frames / self._rate_hz)
            there_s = np.maximum.accumulate(sent_s + network.delay_s + late_s)
            if first:
                there_s = np.maximum(there_s, self._arrivals[-1])
            self._arrivals = np.concatenate([self._arrivals, np.round(there_s, 6)])
            self._lost = np.concatenate([self._lost, lost])


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
