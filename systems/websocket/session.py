"""One recording's connection to a service: what is sent when, what comes back, what goes wrong.

*Back pressure.*  A message is handed over before the next is made, so a slow service holds up our
sending, not the source's clock; where it leaves one untaken for ``stall_s`` the recording fails.

*Lost connections* are made anew, with the start's steps, at most ``reconnects`` times.  What was
said stays.  Audio of the gap is sent late (``gap: send``) or left out (``drop``); what was on the
way when the connection broke is lost either way.  After the end was sent nothing is made anew: a
new session would not know what had been said.

*Time on the way.*  Pings measure the way there and back; their least value stands for it, as a
pong that had to wait for a busy server is the server's time.  Where messages carry the service's
own time, what one took longer than the quickest one is added.
"""

from __future__ import annotations

import asyncio
import math
import uuid
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import numpy as np

from s2st_bench.errors import LimitExceeded, SystemFailure, SystemHung, SystemRaised
from s2st_bench.system import StreamSession
from s2st_bench.types import AudioChunk, Samples, Task, TextChunk, Write

from . import link as links
from .protocol import Message, Protocol, Step
from .rules import Reader, Reading, fits, values_at
from .secret import Secret
from .speech import Framer, SourceEncoder
from .templates import AUDIO, CREDENTIAL, SAMPLES, fill
from .transcript import WITHOUT_SPACES
from .wire import Frame, Malformed, decode, encode

_SILENCE_FRAME_S = 0.1
_AUDIBLE = 0.01
_RECENT_PINGS = 10
_HIGHEST_BACKOFF_S = 30.0


class ServiceSession(StreamSession):
    """One recording.  ``values`` fill the protocol's placeholders."""

    def __init__(
        self, protocol: Protocol, task: Task, values: Mapping[str, Any], secret: Secret
    ) -> None:
        self._protocol = protocol
        self._values = dict(values)
        self._secret = secret
        spaced = task.target_lang.partition("-")[0] not in WITHOUT_SPACES
        separator = protocol.receive.separator if spaced else ""
        self._reader = Reader(protocol.receive, task.outputs, separator)
        self._framer = Framer(protocol.audio, task.sample_rate_hz)
        self._link: links.Link | None = None
        self._encoder: SourceEncoder | None = None
        self._early: deque[Write] = deque()
        self._mending = asyncio.Lock()
        self._failure: SystemFailure | None = None
        self._ending = False
        self._quiet = False
        self._said_at = 0.0
        self._heard_s = 0.0
        self._messages = 0
        self._round_trips: deque[float] = deque(maxlen=_RECENT_PINGS)
        self._least_lag_s = math.inf
        self._tasks: list[asyncio.Task[None]] = []

    # --- the stream session --------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and do the start's steps.

        Raises
        ------
        SystemFailure
        """
        self._link = await self._dial()
        if self._protocol.connection.ping_s > 0:
            self._tasks.append(asyncio.create_task(self._keep_pinging()))

    async def send(self, chunk: AudioChunk | TextChunk) -> None:
        if not isinstance(chunk, AudioChunk):
            raise SystemFailure("a speech service was given text")
        try:
            for samples in self._framer.push(chunk.samples, chunk.is_last):
                await self._send_audio(samples)
        except SystemFailure as failure:
            self._fail(failure)  # events() tells it, once
        self._heard_s = chunk.start_s + chunk.duration_s
        if chunk.is_last:
            self._ending = True
            self._tasks.append(asyncio.create_task(self._finish()))

    async def events(self) -> AsyncIterator[Write]:
        while self._early:
            yield self._early.popleft()
        while True:
            link = self._standing()
            try:
                frame = await link.receive()
            except links.LinkLost as lost:
                if self._failure is None and (self._quiet or self._is_end(lost)):
                    return
                await self._mend(link, lost)
                if self._failure is not None:
                    raise self._failure from None
                continue
            reading = self._read(frame)
            for write in reading.writes:
                yield write
            if reading.error is not None:
                raise SystemRaised(self._secret.scrub(f"the service says: {reading.error}"))
            if reading.done and self._ending:
                return

    async def close(self) -> None:
        for work in self._tasks:
            work.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._link is not None:
            await self._link.close()

    # --- sending -------------------------------------------------------------------------------

    async def _send_audio(self, samples: Samples) -> None:
        """One frame; with ``gap: send`` again after a lost connection, until it is taken."""
        keep = self._protocol.connection.gap == "send"
        while self._failure is None and not self._quiet:
            if self._mending.locked() and not keep:
                return
            async with self._mending:
                link = self._standing()
            if await self._give(link, self._audio_frame(samples)) or not keep:
                return

    def _audio_frame(self, samples: Samples) -> Frame:
        audio = self._protocol.audio
        if self._encoder is None:
            raise SystemRaised("audio before a connection")
        values = {AUDIO: self._encoder.encode(samples)}
        if SAMPLES in self._protocol.placeholders():
            values[SAMPLES] = samples.tolist()
        return self._frame(audio.message, values)

    async def _give(self, link: links.Link, frame: Frame) -> bool:
        """Hand a frame over; false where that failed, and the failure or a new link stands."""
        stall_s = self._protocol.connection.stall_s
        try:
            async with asyncio.timeout(stall_s):
                await link.send(frame)
        except TimeoutError:
            self._fail(SystemHung(
                f"the service is slower than the speaker: after {self._heard_s:.2f} s of source "
                f"it took nothing for {stall_s:g} s (connection.stall_s)"
            ))
            return False
        except links.LinkLost as lost:
            if self._protocol.connection.gap == "send":  # else events() mends it meanwhile
                await self._mend(link, lost)
            return False
        return True

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
            self._standing().abort()
        finally:
            ending.cancel()

    async def _end(self) -> None:
        try:
            for step in self._protocol.end:
                await self._step(self._standing(), step, realtime=True)
        except links.LinkLost:
            return  # events() sees it too, and judges
        except SystemFailure as failure:
            self._fail(failure)

    async def _step(self, link: links.Link, step: Step, *, realtime: bool) -> None:
        if step.send is not None:
            await self._timely(link.send(self._frame(step.send, {})))
        elif step.wait is not None:
            await self._await(link, step.wait)
        elif step.close_sending:
            await link.end_sending()
        else:
            await self._silence(link, step.silence_s, realtime)

    async def _silence(self, link: links.Link, length_s: float, realtime: bool) -> None:
        audio = self._protocol.audio
        loop = asyncio.get_running_loop()
        frame_s = audio.frame_s or _SILENCE_FRAME_S
        silence = np.zeros(round(frame_s * audio.rate_hz), np.float32)
        started = loop.time()
        for n in range(math.ceil(length_s / frame_s - 1e-9)):
            if realtime:
                await asyncio.sleep(max(0.0, started + n * frame_s - loop.time()))
            await self._timely(link.send(self._audio_frame(silence)))

    async def _timely(self, sending: Any) -> None:
        stall_s = self._protocol.connection.stall_s
        try:
            async with asyncio.timeout(stall_s):
                await sending
        except TimeoutError:
            raise SystemHung(
                f"the service took nothing for {stall_s:g} s (connection.stall_s)"
            ) from None

    def _frame(self, message: Message, more: Mapping[str, Any]) -> Frame:
        self._messages += 1
        values = {**self._values, **more, "message_id": f"m{self._messages}"}
        try:
            return encode(message, values, self._protocol)
        except (ValueError, TypeError, KeyError) as error:
            raise SystemFailure(self._secret.scrub(
                f"a message cannot be written as {message.form}: {error}"
            )) from None

    # --- connecting ----------------------------------------------------------------------------

    async def _dial(self) -> links.Link:
        """A connection with its start done; tries again while that may help."""
        settings = self._protocol.connection
        backoff_s = settings.backoff_s
        for attempt in range(1, settings.attempts + 1):
            try:
                return await self._start()
            except links.ConnectFailed as failed:
                again, wait_s, said = failed.again, failed.after_s, str(failed)
            except links.LinkLost as lost:
                again, wait_s = lost.code in links.ABNORMAL, 0.0
                said = f"the service closed the connection at its start ({lost})"
            if not again or attempt == settings.attempts:
                tries = f" ({attempt} tries)" if attempt > 1 else ""
                raise SystemRaised(self._secret.scrub(f"{said}{tries}{self._hint(said)}"))
            await asyncio.sleep(max(wait_s, min(backoff_s, _HIGHEST_BACKOFF_S)))
            backoff_s *= 2
        raise SystemRaised("connection.attempts is 0")

    async def _start(self) -> links.Link:
        protocol, settings = self._protocol, self._protocol.connection
        self._values["session_id"] = uuid.uuid4().hex
        in_url = {name: quote(str(value), safe="") for name, value in self._values.items()}
        headers = [line.partition(":")[::2] for line in protocol.headers]
        link = await links.connect(
            str(fill(protocol.url, in_url)),
            [(name, str(fill(value.strip(), self._values))) for name, value in headers],
            protocol.subprotocols, settings.timeout_s, round(settings.message_mb * 1e6),
        )
        try:
            self._encoder = SourceEncoder(protocol.audio.encoding, protocol.audio.rate_hz)
            for step in protocol.start:
                await self._step(link, step, realtime=False)
        except BaseException:
            link.abort()
            raise
        return link

    async def _await(self, link: links.Link, when: Mapping[str, Any]) -> None:
        timeout_s = self._protocol.connection.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    message = self._decoded(await link.receive())
                    reading = self._read_message(message)
                    if reading.error is not None:
                        raise SystemRaised(
                            self._secret.scrub(f"the service says: {reading.error}"))
                    self._early.extend(reading.writes)
                    if fits(message, when):
                        return
        except TimeoutError:
            raise SystemHung(
                f"the service did not send {dict(when)} within {timeout_s:g} s "
                "(connection.timeout_s); one that serves a single client may be busy"
            ) from None

    async def _mend(self, link: links.Link, lost: links.LinkLost) -> None:
        """Connect anew in place of ``link``, once for all who noticed; or set the failure."""
        async with self._mending:
            if self._link is not link or self._failure is not None:
                return
            if (failure := self._final(lost)) is not None:
                self._fail(failure)
                return
            self.disconnects += 1
            try:
                self._link = await self._dial()
            except SystemFailure as failed:
                self._fail(type(failed)(
                    f"lost the connection after {self._heard_s:.2f} s of source, "
                    f"then: {failed}"
                ))
                return
            self._reader.reconnected()

    def _final(self, lost: links.LinkLost) -> SystemFailure | None:
        """Why this loss ends the recording, or none."""
        settings = self._protocol.connection
        where = "after the source's end" if self._ending else f"after {self._heard_s:.2f} s"
        if lost.too_big:
            return LimitExceeded(f"the service sent a message above {settings.message_mb:g} MB "
                                 "(connection.message_mb)")
        said = f"the service closed the connection {where} ({lost})"
        if self._ending or lost.code not in links.ABNORMAL or not settings.reconnects:
            return SystemRaised(self._secret.scrub(f"{said}{self._hint(said)}"))
        if self.disconnects >= settings.reconnects:
            return SystemRaised(self._secret.scrub(
                f"{said}; it was lost {self.disconnects} times before (connection.reconnects)"))
        return None

    def _is_end(self, lost: links.LinkLost) -> bool:
        return self._ending and lost.clean and self._protocol.receive.closing == "done"

    def _fail(self, failure: SystemFailure) -> None:
        """The recording is over; whoever waits for a message learns it."""
        if self._failure is None:
            self._failure = failure
        if self._link is not None:
            self._link.abort()

    def _hint(self, said: str) -> str:
        if CREDENTIAL in self._protocol.placeholders() and ("HTTP 401" in said
                                                            or "HTTP 403" in said):
            return f"; is the key in {self._protocol.credential_env} right?"
        return ""

    def _standing(self) -> links.Link:
        if self._link is None:
            raise SystemRaised("not connected")
        return self._link

    # --- reading -------------------------------------------------------------------------------

    def _read(self, frame: Frame) -> Reading:
        message = self._decoded(frame)
        reading = self._read_message(message)
        if any(_is_said(write) for write in reading.writes):
            self._said_at = asyncio.get_running_loop().time()
        self.network_s = min(self._round_trips, default=0.0) + self._late(message)
        return reading

    def _decoded(self, frame: Frame) -> Mapping[str, Any]:
        try:
            return decode(frame, self._protocol)
        except Malformed as error:
            raise SystemFailure(self._secret.scrub(str(error))) from None

    def _read_message(self, message: Mapping[str, Any]) -> Reading:
        try:
            return self._reader.read(message)
        except Malformed as error:
            raise SystemFailure(self._secret.scrub(str(error))) from None

    def _late(self, message: Mapping[str, Any]) -> float:
        """How much longer than the quickest message this one was on the way."""
        stamp = self._protocol.receive.stamp
        if stamp is None:
            return 0.0
        found = values_at(message, stamp.path)
        if not found or isinstance(found[0], bool) or not isinstance(found[0], int | float):
            return 0.0
        lag_s = asyncio.get_running_loop().time() - found[0] * stamp.unit_s
        if not math.isfinite(lag_s):
            return 0.0
        self._least_lag_s = min(self._least_lag_s, lag_s)
        return lag_s - self._least_lag_s

    async def _keep_pinging(self) -> None:
        while True:
            if (round_trip_s := await self._standing().ping()) is not None:
                self._round_trips.append(round_trip_s)
            await asyncio.sleep(self._protocol.connection.ping_s)


def _is_said(write: Write) -> bool:
    """Whether a listener would notice it."""
    if write.text or write.retract_chars:
        return True
    return write.audio is not None and bool(np.abs(write.audio.samples).max(initial=0) > _AUDIBLE)
