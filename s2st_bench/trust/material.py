"""What is given to a system under examination: sounds or tokens, and what can follow a cut.

Positions are seconds of audio or tokens of text.  All material of one examination is written as
16-bit audio at the rate the system hears, so that two sounds that share a beginning share its
samples to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from s2st_bench.types import Samples, SourceUnit

Suffix = Literal["silence", "speech", "noise", "length"]
SUFFIXES: Final[tuple[Suffix, ...]] = ("silence", "speech", "noise", "length")
TEXT_SUFFIXES: Final[tuple[Suffix, ...]] = ("speech", "noise", "length")
"""Text knows no silence."""

JOINED_S = 30.0
JOINED_TOKENS = 60
GAP_S = 0.4
QUIET_RMS = 0.03
"""Of noise that follows nothing: −30 dB of full scale."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """One source to give: audio ``samples``, or where there are none ``tokens``."""

    name: str
    samples: Samples | None = None
    tokens: tuple[str, ...] = ()
    rate_hz: int = 16_000
    native_hz: int = 0
    """Rate of the recording it is from; 0: as ``rate_hz``."""

    @property
    def unit(self) -> SourceUnit:
        return "tokens" if self.samples is None else "s"

    @property
    def length(self) -> float:
        return len(self.tokens) if self.samples is None else len(self.samples) / self.rate_hz

    def save(self, path: Path) -> None:
        """Write its audio as 16-bit WAV."""
        from s2st_bench.audio.write import write_wav

        if self.samples is None:
            raise ValueError(f"{self.name} is text")
        write_wav(path, self.samples, self.rate_hz)


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """A material that parts from its original at ``shared``; before that they are the same."""

    material: Material
    suffix: Suffix
    shared: float


def spread(lengths: Sequence[float], n: int) -> list[int]:
    """Indices of ``n`` items from the shortest to the longest, in their own order."""
    order = np.argsort(np.asarray(lengths), kind="stable")
    n = min(n, len(order))
    at = np.unique(np.round(np.linspace(0, len(order) - 1, n)).astype(int)) if n > 1 else [-1]
    return sorted(int(order[i]) for i in at)


def joined(parts: Sequence[Material], length: float) -> Material:
    """Material one after another until it is at least ``length`` long, as long as it lasts."""
    first = parts[0]
    if first.samples is None:
        tokens: list[str] = []
        for part in parts:
            tokens += part.tokens
            if len(tokens) >= length:
                break
        return Material("joined", None, tuple(tokens))
    gap = np.zeros(round(GAP_S * first.rate_hz), np.float32)
    pieces: list[Samples] = []
    for part in parts:
        if part.samples is not None:
            pieces += [part.samples, gap]
        if sum(map(len, pieces)) >= length * first.rate_hz:
            break
    return Material("joined", np.concatenate(pieces[:-1]), (), first.rate_hz, first.native_hz)


def parted(
    original: Material, at: float, suffix: Suffix, other: Material, seed: int = 0, *,
    longer: bool = False,
) -> Parted:
    """``original`` up to ``at`` and then something else.

    ``length`` ends it at ``at``, or with ``longer`` keeps it whole and goes on with ``other``.
    """
    name = f"{original.name} +{suffix}@{at:.2f}"
    if original.samples is None:
        return _parted_text(original, int(at), suffix, other, name, seed, longer)
    rate_hz, count = original.rate_hz, round(at * original.rate_hz)
    head, rest = original.samples[:count], len(original.samples) - count
    if suffix == "length":
        if longer:
            head, count = original.samples, len(original.samples)
            tail = _repeated(_audio(other), max(rest, 2 * rate_hz))
        else:
            tail = np.empty(0, np.float32)
    elif suffix == "silence":
        tail = np.zeros(rest, np.float32)
    elif suffix == "speech":
        tail = _repeated(_audio(other), rest)
    else:
        tail = noise(rest, float(np.sqrt(np.mean(np.square(head)))) if count else QUIET_RMS, seed)
    made = Material(name, np.concatenate([head, tail]), (), rate_hz, original.native_hz)
    return Parted(made, suffix, count / rate_hz)


def noise(n: int, rms: float, seed: int) -> Samples:
    """White noise ``float32[n]`` of the level ``rms``; audible at least."""
    drawn = np.random.default_rng(seed).standard_normal(n) * max(rms, QUIET_RMS / 10)
    return np.clip(drawn, -1, 1).astype(np.float32)


def silence(name: str, seconds: float, rate_hz: int) -> Material:
    return Material(name, np.zeros(round(seconds * rate_hz), np.float32), (), rate_hz)


def hiss(name: str, seconds: float, rate_hz: int) -> Material:
    return Material(name, noise(round(seconds * rate_hz), QUIET_RMS, 1), (), rate_hz)


def followed(first: Material, second: Material, name: str) -> Material:
    """One sound and then the other."""
    samples = np.concatenate([_audio(first), _audio(second)])
    return Material(name, samples, (), first.rate_hz, first.native_hz)


def _parted_text(
    original: Material, at: int, suffix: Suffix, other: Material, name: str, seed: int,
    longer: bool,
) -> Parted:
    head, rest = original.tokens[:at], len(original.tokens) - at
    tail: tuple[str, ...] = ()
    if suffix == "length":
        if longer:
            head, tail = original.tokens, other.tokens
    elif suffix == "noise":
        drawn: npt.NDArray[np.int64] = np.random.default_rng(seed).integers(97, 123, (rest, 6))
        tail = tuple("".join(map(chr, letters)) for letters in drawn.tolist())
    else:
        tail = tuple(other.tokens[i % len(other.tokens)] for i in range(rest))
    return Parted(Material(name, None, head + tail), suffix, float(len(head)))


def _audio(material: Material) -> Samples:
    if material.samples is None:
        raise ValueError(f"{material.name} is text")
    return material.samples


def _repeated(samples: Samples, n: int) -> Samples:
    """As many samples as wanted, from the start again where there are too few."""
    return np.resize(samples, n).astype(np.float32) if len(samples) else np.zeros(n, np.float32)
