"""Breaks its contract in one way (``mode``) on the n-th recording it is given (``nth``).

On all others it writes one word a chunk.  ``nth`` counts sessions of one worker, from 1; 0 breaks
on every recording.  Modes:

``raise_open`` ``raise`` ``hang`` ``die`` ``exit`` ``flood_text`` ``flood_writes`` ``flood_stdout``
``nan_audio`` ``loop`` ``ask_again`` ``after_final`` ``negative_retract`` ``over_retract``
``no_write`` ``surrogate``

``hang`` never returns from one call, ``loop`` yields empty writes for ever, ``ask_again`` returns
one at each call, ``die`` ends the process without a word, ``exit`` raises ``SystemExit``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from s2st_bench.system import Answer, Observation, Session, System
from s2st_bench.types import Modality, Read, Speech, Task, Write

Mode = Literal[
    "raise_open", "raise", "hang", "die", "exit", "flood_text", "flood_writes", "flood_stdout",
    "nan_audio", "loop", "ask_again", "after_final", "negative_retract", "over_retract",
    "no_write", "surrogate",
]  # fmt: skip


class Faulty(System):
    """One word a chunk, until it breaks."""

    sources: frozenset[Modality] = frozenset({"speech", "text"})
    outputs: frozenset[Modality] = frozenset({"speech", "text"})

    def __init__(self, mode: Mode = "raise", nth: int = 1, after: int = 2) -> None:
        """``after`` is the number of chunks answered before it breaks."""
        self.mode = mode
        self.nth = nth
        self.after = after
        self.opened = 0

    def open(self, task: Task) -> Session:
        self.opened += 1
        breaks = self.nth in (0, self.opened)
        if breaks and self.mode == "raise_open":
            raise RuntimeError("broken on purpose while opening")
        return FaultySession(self.mode if breaks else None, self.after)


class FaultySession(Session):
    """One listener of it."""

    def __init__(self, mode: Mode | None, after: int) -> None:
        self.mode = mode
        self.left = after
        self.broken = False
        self.words = 0

    def policy(self, observation: Observation) -> Answer:
        if observation.chunk is None:
            return Write() if self.broken else Read()
        if self.mode is not None and (self.left <= 0 or observation.is_last):
            self.broken = True
            return self._break(self.mode)
        self.left -= 1
        self.words += 1
        return [Write(f"word{self.words} ")]

    def _break(self, mode: Mode) -> Answer:
        if mode == "raise":
            raise RuntimeError("broken on purpose")
        if mode == "hang":
            time.sleep(10_000)
        if mode == "die":
            os._exit(1)
        if mode == "exit":
            sys.exit("broken on purpose")
        if mode == "flood_stdout":
            return self._shouting()
        if mode == "flood_text":
            return self._flooding("flood " * 100_000)
        if mode == "flood_writes":
            return self._flooding("f")
        if mode == "loop":
            return self._flooding("")
        if mode == "ask_again":
            return Write()
        return list(_WRONG[mode])

    def _shouting(self) -> Iterator[Write]:
        line = "shouting on purpose " * 50
        for _ in range(20_000):
            print(line)
            print(line, file=sys.stderr)
        yield Write("quiet again ")

    def _flooding(self, text: str) -> Iterator[Write]:
        while True:
            yield Write(text)


_WRONG: dict[str, tuple[Any, ...]] = {
    "nan_audio": (Write("nan ", Speech(np.full(1600, np.nan, np.float32), 16_000)),),
    "after_final": (Write("the end ", is_final=True), Write("and more ")),
    "negative_retract": (Write("x", retract_chars=-1),),
    "over_retract": (Write("x", retract_chars=1_000_000),),
    "no_write": ("just a text",),
    "surrogate": (Write("\ud800"),),
}
