"""One recording's connection to a service: what is sent when, what comes back, what goes wrong.

*Back pressure.*  A message is handed over before the next is made, so a slow service holds up our
sending, not the source's clock; where it leaves one untaken for ``stall_s`` the recording fails.

*Lost connections* are made anew, with the start's steps, at most ``reconnects`` times.  What was
said stays.  Audio of the gap is sent late (``gap: send``) or left out (``drop``); what was on the
way when the connection broke is lost either way.  After the end was sent nothing is made anew: a
new session would not know what had been said.

*Failures* are told once, by :meth:`ServiceSession.events`: whoever meets one notes it and drops the
connection, which wakes the reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import numpy as np

from s2st_bench.errors import LimitExceeded, SystemFailure, SystemRaised
from s2st_bench.system import StreamSession
from s2st_bench.types import AudioChunk, Samples, Task, TextChunk, Write

from .dial import Dialler
from .inbox import Inbox
from .link import ABNORMAL, Link, LinkLost
from .outbox import Outbox
from .protocol import Protocol
from .secret import Secret
from .speech import Framer
from .travel import TravelTime

_AUDIBLE = 0.01


class ServiceSession(StreamSession):
    """One recording; made by :meth:`open`."""

    def __init__(
        self, protocol: Protocol, task: Task, values: Mapping[str, Any], secret: Secret
    ) -> None:
        filled = dict(values)
        self._protocol = protocol
        self._secret = secret
        self._framer = Framer(protocol.audio, task.sample_rate_hz)
        self._outbox = Outbox(protocol, filled, secret)
        self._inbox = Inbox(protocol, task, secret)
        self._dialler = Dialler(protocol, filled, secret, self._outbox, self._inbox)
        self._travel = TravelTime(protocol.receive.stamp)
        self._mending = asyncio.Lock()
        self._failure: SystemFailure | None = None
        self._heard_s = 0.0
        self._ending = False
        self._quiet = False
        self._said_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._link: Link

    @classmethod
    async def open(
        cls, protocol: Protocol, task: Task, values: Mapping[str, Any], secret: Secret
    ) -> ServiceSession:
        """Connect; ``values`` fill the protocol's placeholders.

        Raises
        ------
        SystemFailure
        """
        session = cls(protocol, task, values, secret)
        session._link = await session._dialler.dial()
        if protocol.connection.ping_s > 0:
            session._tasks.append(asyncio.create_task(session._keep_pinging()))
        return session

    async def send(self, chunk: AudioChunk | TextChunk) -> None:
        if not isinstance(chunk, AudioChunk):
            raise SystemFailure("a speech service was given text")
        try:
            for samples in self._framer.push(chunk.samples, chunk.is_last):
                await self._send_audio(samples)
        except SystemFailure as failure:
            self._fail(failure)
        self._heard_s = chunk.start_s + chunk.duration_s
        if chunk.is_last:
            self._ending = True
            self._tasks.append(asyncio.create_task(self._finish()))

    async def events(self) -> AsyncIterator[Write]:
        for write in self._told_early():
            yield write
        loop = asyncio.get_running_loop()
        while True:
            link = self._link
            try:
                frame = await link.receive()
            except LinkLost as lost:
                if self._failure is None and (self._quiet or self._is_end(lost)):
                    return
                await self._mend(link, lost)
                if self._failure is not None:
                    raise self._failure from None
                for write in self._told_early():
                    yield write
                continue
            received = self._inbox.read(frame)
            self.network_s = self._travel.of(received.message, loop.time())
            if any(_is_said(write) for write in received.writes):
                self._said_at = loop.time()
            for write in received.writes:
                yield write
            if received.failure is not None:
                raise received.failure
            if received.done and self._ending:
                return

    async def close(self) -> None:
        for work in self._tasks:
            work.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._link.close()

    # --- sending -------------------------------------------------------------------------------

    async def _send_audio(self, samples: Samples) -> None:
        """One frame; with ``gap: send`` again after a lost connection, until it is taken."""
        keep = self._protocol.connection.gap == "send"
        while self._failure is None and not self._quiet:
            if self._mending.locked() and not keep:
                return
            async with self._mending:
                link = self._link
            try:
                await self._outbox.send_audio(link, samples)
                return
            except LinkLost as lost:
                if not keep:
                    return  # events() mends it meanwhile
                await self._mend(link, lost)

    async def _finish(self) -> None:
        """The end's steps, and the wait for quiet, where that is the end."""
        loop = asyncio.get_running_loop()
        self._said_at = max(self._said_at, loop.time())
        ending = asyncio.create_task(self._end())
        try:
            if not (quiet_s := self._protocol.receive.quiet_s):
                await ending
                return
            while (left := self._said_at + quiet_s - loop.time()) > 0:
                await asyncio.sleep(left)
            self._quiet = True
            self._link.abort()
        finally:
            ending.cancel()

    async def _end(self) -> None:
        try:
            for step in self._protocol.end:
                async with self._mending:  # the end belongs to the connection that will stand
                    link = self._link
                await self._outbox.do(link, step, realtime=True)
        except LinkLost:
            return  # events() sees it too, and judges
        except SystemFailure as failure:
            self._fail(failure)

    # --- the connection ------------------------------------------------------------------------

    async def _mend(self, link: Link, lost: LinkLost) -> None:
        """Connect anew in place of ``link``, once for all who noticed; or note the failure."""
        async with self._mending:
            if self._link is not link or self._failure is not None:
                return
            if (failure := self._final(lost)) is not None:
                self._fail(failure)
                return
            self.disconnects += 1
            self._inbox.renew()
            try:
                self._link = await self._dialler.dial()
            except SystemFailure as failed:
                self._fail(type(failed)(
                    f"lost the connection after {self._heard_s:.2f} s of source, then: {failed}"
                ))

    def _final(self, lost: LinkLost) -> SystemFailure | None:
        """Why this loss ends the recording, or none."""
        settings = self._protocol.connection
        if lost.too_big:
            return LimitExceeded(f"the service sent a message above {settings.message_mb:g} MB "
                                 "(connection.message_mb)")
        where = "after the source's end" if self._ending else f"after {self._heard_s:.2f} s"
        said = self._secret.scrub(f"the service closed the connection {where} ({lost})")
        if self._ending or lost.code not in ABNORMAL or not settings.reconnects:
            return SystemRaised(said)
        if self.disconnects >= settings.reconnects:
            return SystemRaised(f"{said}; it was lost {self.disconnects} times before "
                                "(connection.reconnects)")
        return None

    def _is_end(self, lost: LinkLost) -> bool:
        return self._ending and lost.clean and self._protocol.receive.closing == "done"

    def _fail(self, failure: SystemFailure) -> None:
        if self._failure is None:
            self._failure = failure
        self._link.abort()

    def _told_early(self) -> list[Write]:
        """What was said while connecting."""
        early, self._dialler.early = self._dialler.early, []
        return early

    async def _keep_pinging(self) -> None:
        while True:
            if (round_trip_s := await self._link.ping()) is not None:
                self._travel.add_ping(round_trip_s)
            await asyncio.sleep(self._protocol.connection.ping_s)


def _is_said(write: Write) -> bool:
    """Whether a listener would notice it."""
    if write.text or write.retract_chars:
        return True
    return write.audio is not None and bool(np.abs(write.audio.samples).max(initial=0) > _AUDIBLE)
