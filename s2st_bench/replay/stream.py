"""Feeds a black-box stream in real time and notes what comes back, and when.

The unaware delay of an answer is the source that had been *sent* when it came.
"""

from __future__ import annotations

import asyncio

from s2st_bench.clock import RealtimeClock
from s2st_bench.errors import SystemFailure, SystemHung, SystemRaised
from s2st_bench.limits import Limits
from s2st_bench.replay.record import Record
from s2st_bench.replay.source import Source
from s2st_bench.system import StreamSession, StreamSystem
from s2st_bench.types import Job, Read, Task

SERVICE = "service"


def replay_stream(
    system: StreamSystem, task: Task, source: Source, clock: RealtimeClock, recorder: Record,
    limits: Limits,
) -> None:
    """Run one connection over a source to its end."""
    asyncio.run(_Feed(system, source, clock, recorder, limits).run(task))


class _Feed:
    def __init__(
        self, system: StreamSystem, source: Source, clock: RealtimeClock, recorder: Record,
        limits: Limits,
    ) -> None:
        self.system = system
        self.source = source
        self.clock = clock
        self.recorder = recorder
        self.limits = limits
        self.sent_s = 0.0
        self.sent_at_s = 0.0
        self.arrived_s = 0.0

    async def run(self, task: Task) -> None:
        try:
            async with asyncio.timeout(self.limits.call_s):
                session = await self.system.connect(task)
        except TimeoutError:
            raise SystemHung(f"no connection within {self.limits.call_s:g} s") from None
        except SystemFailure:
            raise
        except Exception as error:
            raise SystemRaised(f"no connection: {type(error).__name__}: {error}") from error
        self.clock.restart()
        sender = asyncio.create_task(self._send(session))
        receiver = asyncio.create_task(self._receive(session))
        try:
            await asyncio.wait({sender, receiver}, return_when=asyncio.FIRST_COMPLETED)
            if receiver.done():
                receiver.result()
                if not sender.done():
                    raise SystemFailure(
                        f"the stream ended after {self.sent_s:.2f} s, before the source did"
                    )
            sender.result()
            await asyncio.wait_for(receiver, self.limits.call_s)
        except TimeoutError:
            raise SystemHung(
                f"the stream did not end within {self.limits.call_s:g} s of the source's end"
            ) from None
        finally:
            for work in (sender, receiver):
                work.cancel()
            await asyncio.gather(sender, receiver, return_exceptions=True)
            self.recorder.disconnects = session.disconnects
            await session.close()

    async def _send(self, session: StreamSession) -> None:
        read = Read()
        while not self.source.exhausted:
            chunk = self.source.take(self.source.wanted(read))
            arrived_s = self.source.arrived_s
            await self._until(arrived_s)
            self.sent_s, self.arrived_s = self.source.position, arrived_s
            self.sent_at_s = self.clock.now()
            try:
                await session.send(chunk)
            except SystemFailure:
                raise
            except Exception as error:
                raise SystemRaised(f"sending failed: {type(error).__name__}: {error}") from error
            self.recorder.step(self.sent_s, arrived_s, (), [], self.clock.now())

    async def _receive(self, session: StreamSession) -> None:
        try:
            async for write in session.events():
                now = self.clock.now()
                checked = self.recorder.check(write)
                job = Job(
                    self.recorder.next_job(), SERVICE, self.sent_at_s, now, (), SERVICE,
                    min(max(session.network_s, 0.0), now - self.sent_at_s),
                )
                self.recorder.step(
                    self.sent_s, self.arrived_s, (job,),
                    [(job.id, now - self.sent_at_s, checked, True)], now,
                )
                if checked.is_final:
                    return
        except (SystemFailure, asyncio.CancelledError):
            raise
        except Exception as error:
            raise SystemRaised(f"the stream broke: {type(error).__name__}: {error}") from error

    async def _until(self, at_s: float) -> None:
        """Sleep on the event loop, the last stretch awake."""
        waited = False
        while (left := at_s - self.clock.now()) > 0:
            waited = True
            await asyncio.sleep(left - 0.001 if left > 0.002 else 0)
        if waited:
            self.clock.late_s.append(-left)

