"""The sessions of ``untrusty`` as a service that answers when it likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from s2st_bench.system import Observation, StreamSession, StreamSystem
from s2st_bench.types import AudioChunk, Modality, Task, TextChunk, Write

from .untrusty import Untrusty, UntrustySession, whole


class UntrustyStream(StreamSystem):
    """``mode`` as in :mod:`.untrusty`; ``late_s`` is how long an answer takes."""

    sources: frozenset[Modality] = frozenset({"speech"})

    def __init__(self, *, mode: str = "honest", late_s: float = 0.05) -> None:
        self.inner = Untrusty(mode=mode)
        self.late_s = late_s

    async def connect(self, task: Task) -> StreamSession:
        return _Stream(UntrustySession(self.inner, task), self.late_s)


class _Stream(StreamSession):
    def __init__(self, session: UntrustySession, late_s: float) -> None:
        self.session = session
        self.late_s = late_s
        self.queue: asyncio.Queue[Write | None] = asyncio.Queue()
        if session.mode.startswith("peek"):
            session.whole = whole()

    async def send(self, chunk: AudioChunk | TextChunk) -> None:
        for write in self.session.policy(Observation(chunk, is_last=chunk.is_last)):
            await self.queue.put(write)
        if chunk.is_last:
            await self.queue.put(None)

    async def events(self) -> AsyncIterator[Write]:
        while (write := await self.queue.get()) is not None:
            await asyncio.sleep(self.late_s)
            yield write
