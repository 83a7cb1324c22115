"""Proxies whose network is the user's own torch weights, run on stretches of speech.

Stretches are of different lengths and these networks have no mask for padding, which would move
their values: only stretches of one length share a batch.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, ClassVar

import numpy as np

from s2st_bench.checkpoints import digest, pick_device
from s2st_bench.errors import ConfigError, InputError
from s2st_bench.types import Samples

from .proxy import Features, StretchProxy
from .weights import check_device, local, torch_for


class TorchProxy(StretchProxy):
    """A network's prediction.

    Parameters
    ----------
    checkpoint
        A path on this machine.
    batch_size
        Stretches a batch at most.
    device
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """

    extra: ClassVar[str] = "speech"

    def __init__(
        self, *, aware: bool = False, anchors: bool = True, checkpoint: str = "",
        batch_size: int = 8, device: str = "auto",
    ) -> None:
        super().__init__(aware=aware, anchors=anchors)
        if batch_size < 1:
            raise ConfigError(f"{self.spec.name}: batch_size must be at least 1, not {batch_size}")
        check_device(device, self.spec.name)
        self.path: Path = local(checkpoint, "checkpoint", self.title)
        self.batch_size = batch_size
        self.device = device
        self._digest = ""
        self._network: Any = None
        self._torch: Any = None

    @property
    def title(self) -> str:
        return f"metric {self.spec.name}"

    def predict(self, parts: Sequence[Samples]) -> list[Features]:
        self._load()
        rows: list[Features] = [{}] * len(parts)
        with self._torch.inference_mode():
            for batch in _same_length(parts, self.batch_size):
                waves = self._torch.from_numpy(np.stack([parts[i] for i in batch]))
                try:
                    found = self.score(waves.to(self._on))
                except (RuntimeError, TypeError, ValueError) as error:
                    raise InputError(
                        f"{self.title}: {self.path}: the network cannot be run on speech "
                        f"({type(error).__name__}: {' '.join(str(error).split())[:300]})"
                    ) from error
                for i, row in zip(batch, found, strict=True):
                    rows[i] = row
        return rows

    @abstractmethod
    def open(self) -> Any:
        """The network, on the CPU; torch is there."""

    @abstractmethod
    def score(self, waves: Any) -> list[Features]:
        """Features of each of ``float32[b, n]`` at 16 kHz, on the network's device."""

    def signature(self) -> Mapping[str, str]:
        if not self._digest:
            self._digest = digest(self.path)
        return {"stretches": "3-10s", "checkpoint": self.path.resolve().name,
                "sha256": self._digest}

    def _load(self) -> None:
        if self._network is not None:
            return
        self._torch = torch_for(self.title, self.extra)
        try:
            self._on = self._torch.device(pick_device(self.device))
            self._network = self.open().to(self._on).eval()
        except UnpicklingError as error:
            raise InputError(f"{self.title}: {self.path}: not a file of weights") from error
        except (OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError,
                EOFError) as error:
            reason = " ".join(str(error).split())[:300]
            raise InputError(f"{self.title}: {self.path}: cannot be loaded "
                             f"({type(error).__name__}: {reason})") from error


def _same_length(parts: Sequence[Samples], size: int) -> list[list[int]]:
    """Indices of ``parts`` in batches of one length, at most ``size`` each."""
    by_length: dict[int, list[int]] = {}
    for i, part in enumerate(parts):
        by_length.setdefault(len(part), []).append(i)
    return [found[at : at + size] for found in by_length.values()
            for at in range(0, len(found), size)]
