"""Wait-k and its kin: k source units first, then reads and writes in a fixed rhythm.

With a source of \\|x\\| units, every g below is min(g(i), \\|x\\|): the end of the source opens the
gate.  Papers count sub-words, demonstration agents words; ``unit`` says which a session counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from s2st_bench.errors import ConfigError

from .gate import Gate, Schedule, State
from .rule import Unit

EPSILON = 1e-9
"""0.29 * 100 is 29, whatever binary fractions make of it."""


@dataclass(frozen=True)
class WaitK(Schedule):
    """g(i) = k + i - 1.

    The paper's k: 1, 3, 5, 7, 9.
    """

    name = "wait_k"
    source = "Ma et al. 2019 (STACL), arXiv:1810.08398, section 3"

    k: int = 3
    unit: Unit = "word"

    def __post_init__(self) -> None:
        self._check(self.k >= 1, "k", "at least 1")

    def g(self, i: int) -> int:
        return self.k + i - 1


@dataclass(frozen=True)
class MultipathWaitK(WaitK):
    """Wait-k, with a model trained for every k at once (:func:`sample_k`): any k will do."""

    name = "multipath_wait_k"
    source = "Elbayad et al. 2020, arXiv:2005.08595"

    unit: Unit = "sub-word"


def sample_k(rng: np.random.Generator, longest: int) -> int:
    """The k of one training batch of multipath wait-k: uniform on 1 … ``longest``.

    The paper's ``longest`` is the source's length.

    Raises
    ------
    ConfigError
        ``longest`` is less than 1.
    """
    if longest < 1:
        raise ConfigError(f"multipath_wait_k: longest={longest}: at least 1 is wanted")
    return int(rng.integers(1, longest + 1))


@dataclass(frozen=True)
class CatchUp(Schedule):
    """g(i) = k + i - 1 - floor(c i): one more write every 1/c steps.

    For targets longer than their sources; the paper takes c = r - 1 for a ratio of lengths
    r = \\|y\\| / \\|x\\| near 1 (0.25 for Chinese to English).
    """

    name = "catch_up"
    source = "Ma et al. 2019 (STACL), arXiv:1810.08398, section 4"

    k: int = 3
    c: float = 0.25
    unit: Unit = "word"

    def __post_init__(self) -> None:
        self._check(self.k >= 1, "k", "at least 1")
        self._check(0 <= self.c < 1, "c", "0 to less than 1")

    def g(self, i: int) -> int:
        return self.k + i - 1 - math.floor(self.c * i + EPSILON)


@dataclass(frozen=True)
class WaitKStride(Schedule):
    """g(i) = k + n floor((i - 1) / n): after k, write n and read n by turns; n = 1 is wait-k."""

    name = "wait_k_stride"
    source = "Zeng et al. 2021 (RealTranS), arXiv:2106.04833"

    k: int = 3
    n: int = 2
    unit: Unit = "sub-word"

    def __post_init__(self) -> None:
        self._check(self.k >= 1, "k", "at least 1")
        self._check(self.n >= 1, "n", "at least 1")

    def g(self, i: int) -> int:
        return self.k + self.n * ((i - 1) // self.n)


@dataclass(frozen=True)
class WaitKSpeech(Gate):
    """Wait-k over speech cut into equal units of ``ratio`` encoder frames (fixed pre-decision).

    ``State.read`` counts encoder frames; WRITE if floor(read / ratio) >= k + i - 1.  The paper's
    ratio is 7, of 40 ms frames: 280 ms; later work has 320 and 640 ms.
    """

    name = "wait_k_speech"
    source = "Ma et al. 2020 (SimulMT to SimulST), arXiv:2011.02048; fairseq fixed_pre_decision"

    k: int = 3
    ratio: int = 7
    unit: Unit = "sub-word"

    def __post_init__(self) -> None:
        self._check(self.k >= 1, "k", "at least 1")
        self._check(self.ratio >= 1, "ratio", "at least 1 frame")

    def heard(self, frames: int, source_done: bool) -> int:
        """Whole units in ``frames``; at the end of the source an incomplete one counts."""
        return -(-frames // self.ratio) if source_done else frames // self.ratio

    def decide(self, state: State) -> bool:
        return self.heard(state.read, state.source_done) >= self.k + state.written
