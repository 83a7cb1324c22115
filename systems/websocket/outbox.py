"""What is sent: messages filled, audio encoded, silence, each handed over in time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Mapping
from typing import Any

import numpy as np

from s2st_bench.errors import SystemFailure, SystemHung
from s2st_bench.types import Samples

from .link import Link
from .protocol import Message, Protocol, Step
from .secret import Secret
from .speech import SourceEncoder
from .templates import AUDIO, SAMPLES
from .wire import Frame, encode

_SILENCE_FRAME_S = 0.1


class Outbox:
    """Of one session.  ``values`` fill placeholders; :meth:`renew` begins another connection."""

    def __init__(self, protocol: Protocol, values: Mapping[str, Any], secret: Secret) -> None:
        self._protocol = protocol
        self._values = values
        self._secret = secret
        self._as_list = SAMPLES in protocol.placeholders()
        self._messages = 0
        self.renew()

    def renew(self) -> None:
        """Another connection: encoders with a header start anew."""
        audio = self._protocol.audio
        self._encoder = SourceEncoder(audio.encoding, audio.rate_hz)

    async def send_audio(self, link: Link, samples: Samples) -> None:
        """One frame of audio.

        Raises
        ------
        LinkLost, SystemFailure
        """
        values: dict[str, Any] = {AUDIO: self._encoder.encode(samples)}
        if self._as_list:
            values[SAMPLES] = samples.tolist()
        await self._in_time(link.send(self._frame(self._protocol.audio.message, values)))

    async def do(self, link: Link, step: Step, *, realtime: bool) -> None:
        """A step that sends; ``realtime``: silence as long as it lasts.

        Raises
        ------
        LinkLost, SystemFailure
        """
        if step.send is not None:
            await self._in_time(link.send(self._frame(step.send, {})))
        elif step.close_sending:
            await link.end_sending()
        else:
            await self._silence(link, step.silence_s, realtime)

    async def _silence(self, link: Link, length_s: float, realtime: bool) -> None:
        audio = self._protocol.audio
        loop = asyncio.get_running_loop()
        frame_s = audio.frame_s or _SILENCE_FRAME_S
        silence = np.zeros(round(frame_s * audio.rate_hz), np.float32)
        started = loop.time()
        for n in range(math.ceil(length_s / frame_s - 1e-9)):
            if realtime:
                await asyncio.sleep(max(0.0, started + n * frame_s - loop.time()))
            await self.send_audio(link, silence)

    async def _in_time(self, sending: Awaitable[None]) -> None:
        stall_s = self._protocol.connection.stall_s
        try:
            async with asyncio.timeout(stall_s):
                await sending
        except TimeoutError:
            raise SystemHung(
                f"the service is slower than the speaker: it took nothing for {stall_s:g} s "
                "(connection.stall_s)"
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
