"""Connecting: address and headers filled, the start's steps done, tried again where it helps."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from s2st_bench.errors import SystemHung, SystemRaised
from s2st_bench.types import Write

from .inbox import Inbox
from .link import ABNORMAL, ConnectFailed, Link, LinkLost, connect
from .outbox import Outbox
from .protocol import Protocol
from .rules import fits
from .secret import Secret
from .templates import CREDENTIAL, fill

_HIGHEST_BACKOFF_S = 30.0
_REFUSED = ("HTTP 401", "HTTP 403")


class Dialler:
    """Makes a session's connections; ``values["session_id"]`` is new with each."""

    def __init__(
        self, protocol: Protocol, values: dict[str, Any], secret: Secret, outbox: Outbox,
        inbox: Inbox,
    ) -> None:
        self._protocol = protocol
        self._values = values
        self._secret = secret
        self._outbox = outbox
        self._inbox = inbox
        self.early: list[Write] = []
        """What the service said while the start's steps were done."""

    async def dial(self) -> Link:
        """A connection with its start done.

        Raises
        ------
        SystemFailure
        """
        settings = self._protocol.connection
        attempt, backoff_s = 1, settings.backoff_s
        while True:
            try:
                return await self._start()
            except ConnectFailed as failed:
                again, wait_s, said = failed.again, failed.after_s, str(failed)
            except LinkLost as lost:
                again, wait_s = lost.code in ABNORMAL, 0.0
                said = f"the service closed the connection at its start ({lost})"
            if not again or attempt >= settings.attempts:
                tries = f" ({attempt} tries)" if attempt > 1 else ""
                raise SystemRaised(self._secret.scrub(f"{said}{tries}{self._hint(said)}"))
            await asyncio.sleep(max(wait_s, min(backoff_s, _HIGHEST_BACKOFF_S)))
            attempt, backoff_s = attempt + 1, backoff_s * 2

    async def _start(self) -> Link:
        protocol, settings = self._protocol, self._protocol.connection
        self._values["session_id"] = uuid.uuid4().hex
        in_url = {name: quote(str(value), safe="") for name, value in self._values.items()}
        headers = [line.partition(":")[::2] for line in protocol.headers]
        link = await connect(
            str(fill(protocol.url, in_url)),
            [(name, str(fill(value.strip(), self._values))) for name, value in headers],
            protocol.subprotocols, settings.timeout_s, round(settings.message_mb * 1e6),
        )
        try:
            self._outbox.renew()
            for step in protocol.start:
                if step.wait is not None:
                    await self._wait(link, step.wait)
                else:
                    await self._outbox.do(link, step, realtime=False)
        except BaseException:
            link.abort()
            raise
        return link

    async def _wait(self, link: Link, when: Mapping[str, Any]) -> None:
        timeout_s = self._protocol.connection.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    received = self._inbox.read(await link.receive())
                    if received.failure is not None:
                        raise received.failure
                    self.early.extend(received.writes)
                    if fits(received.message, when):
                        return
        except TimeoutError:
            raise SystemHung(
                f"the service did not send {dict(when)} within {timeout_s:g} s "
                "(connection.timeout_s); one that serves a single client may be busy"
            ) from None

    def _hint(self, said: str) -> str:
        if said.startswith(_REFUSED) and CREDENTIAL in self._protocol.placeholders():
            return f"; is the key in {self._protocol.credential_env} right?"
        return ""
