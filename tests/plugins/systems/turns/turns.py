"""Takes a fixed time for each chunk, and one session at a time: a queue with a known knee.

``serves`` is what it says it serves in one process; with more than ``breaks_above`` sessions
open it raises, ends its process or hangs.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from typing import Literal

import numpy as np

from s2st_bench.system import Answer, Observation, Session, StreamSession, StreamSystem, System
from s2st_bench.types import AudioChunk, Speech, Task, TextChunk, Write

RATE_HZ = 16_000


class TurnsSession(Session):
    def __init__(self, system: Turns) -> None:
        self._system = system
        self._count = 0

    def policy(self, observation: Observation) -> Answer:
        system = self._system
        with system.turn:
            time.sleep(system.compute_s)
        self._count += 1
        speech = Speech(np.zeros(1600, np.float32), RATE_HZ) if system.speaks else None
        yield Write(f"word{self._count} ", speech)

    def close(self) -> None:
        self._system.n_open -= 1


class Turns(System):
    outputs = frozenset({"text", "speech"})

    def __init__(
        self, compute_s: float = 0.0, serves: int | None = None, breaks_above: int | None = None,
        how: Literal["raise", "die", "hang"] = "raise", speaks: bool = False,
    ) -> None:
        self.compute_s = compute_s
        self.sessions = serves
        self.breaks_above = breaks_above
        self.how = how
        self.speaks = speaks
        self.turn = threading.Lock()
        self.n_open = 0

    def open(self, task: Task) -> Session:
        self.n_open += 1
        if self.breaks_above is not None and self.n_open > self.breaks_above:
            if self.how == "die":
                os._exit(3)
            if self.how == "hang":
                time.sleep(600)
            self.n_open -= 1
            raise RuntimeError(f"no room for session {self.n_open + 1}")
        return TurnsSession(self)


class TurnsStreamSession(StreamSession):
    def __init__(self, system: TurnsStream) -> None:
        self._system = system
        self._chunks: asyncio.Queue[bool] = asyncio.Queue()

    async def send(self, chunk: AudioChunk | TextChunk) -> None:
        await self._chunks.put(chunk.is_last)

    async def events(self) -> AsyncIterator[Write]:
        count, is_last = 0, False
        while not is_last:
            is_last = await self._chunks.get()
            await asyncio.to_thread(self._system.work)
            count += 1
            yield Write(f"word{count} ")


class TurnsStream(StreamSystem):
    def __init__(self, compute_s: float = 0.0) -> None:
        self.compute_s = compute_s
        self.turn = threading.Lock()

    def work(self) -> None:
        with self.turn:
            time.sleep(self.compute_s)

    async def connect(self, task: Task) -> StreamSession:
        return TurnsStreamSession(self)
