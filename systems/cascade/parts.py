"""Voice activity detection and synthesis: one protocol each, and what there is.

A *model* holds what listeners share: its constructor only takes settings (it is asked what it can
do before anything is loaded), ``load`` does the work, ``open`` gives what one listener uses.  A
new one is one module and one line in the tables below; modules are imported when chosen.
Recognisers and translators are plugins, see :mod:`s2st_bench.parts`.
"""

from __future__ import annotations

import importlib
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import ConfigError
from s2st_bench.types import Samples


class Vad(Protocol):
    """Speech probability of one stream of audio, by frames of :data:`.vad.FRAME_SAMPLES`."""

    def push(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Feed ``float32[n]``; ``float32[frames]`` of the frames now complete."""


class VadModel(Protocol):
    def load(self) -> None: ...

    def open(self) -> Vad: ...


VADS = {"silero": "vad:Silero", "energy": "energy:Energy"}
SYNTHESISERS = {"espeak": "s2st_bench.speech.voice:Espeak"}


def make(table: dict[str, str], option: str, name: str, **settings: Any) -> Any:
    """The part ``name`` of ``table``, constructed but not loaded.

    Raises
    ------
    ConfigError
        There is no such part; ``option`` says where it was asked for.
    """
    if name not in table:
        raise ConfigError(f"system.{option}={name}: one of {', '.join(sorted(table))} is wanted")
    module, attribute = table[name].split(":")
    where = module if "." in module else f".{module}"
    return getattr(importlib.import_module(where, __package__), attribute)(**settings)
