"""simulstream's WebSocket server: a stream that answers when it likes, in real time only.

To the server: text messages of JSON (``sample_rate``, ``source_lang``, ``target_lang``; at the end
``{"end_of_stream": true}``) and binary ones of 16-bit little-endian mono samples.  From it:
``{"new": text, "deleted": text}`` for every chunk it processed, ``{"end_of_processing": true}`` at
the very end, and no errors: what goes wrong there is a closed connection, or nothing at all.  It
cuts chunks of its processor's size out of what it is sent and resamples each by itself.

*Time on the network* of every answer is the round trip of a WebSocket ping at the start.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from s2st_bench.errors import ConfigError, SystemFailure
from s2st_bench.system import StreamSession, StreamSystem
from s2st_bench.types import AudioChunk, Samples, Task, TextChunk, Write

from .outputs import Strings, said, short

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_PING_S = 1.0
_CLOSE_S = 0.5
_POLL_S = 0.5
_LOG = logging.getLogger(__name__)


class SimulstreamWs(StreamSystem):
    """A connection for each recording.

    Parameters
    ----------
    url
        Where the server is: ``ws://localhost:8080``.
    codes
        The server's own codes of languages: ``{de: deu}``.
    open_s
        How long a connection may take to be made.
    ready_s
        How long the server may take until it listens: its model loads first.
    """

    def __init__(
        self,
        *,
        url: str | None = None,
        codes: dict[str, str] | None = None,
        open_s: float = 10.0,
        ready_s: float = 300.0,
    ) -> None:
        if not url:
            raise ConfigError(
                "system=simulstream_ws: say where the server is with system.url=ws://localhost:8080"
            )
        self.url = _checked(url)
        self.codes = dict(codes or {})
        self.open_s = open_s
        self.ready_s = ready_s

    def load(self, device: str = "cpu") -> None:
        """Wait until the server takes a connection.

        Raises
        ------
        ConfigError
            It does not.
        """
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        until = time.monotonic() + self.ready_s
        while True:
            try:
                with connect(self.url, open_timeout=self.open_s, close_timeout=_CLOSE_S,
                             compression=None, proxy=None):
                    return
            except (OSError, WebSocketException) as error:
                if time.monotonic() + _POLL_S > until:
                    raise ConfigError(
                        f"system.url={self.url}: no simulstream WebSocket server listens there "
                        f"({said(error)}); start it first, or give it longer with system.ready_s"
                    ) from None
                time.sleep(_POLL_S)

    async def connect(self, task: Task) -> StreamSession:
        """Connect and send the languages.

        Raises
        ------
        SystemFailure
            There is no such server.
        """
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        try:
            # no proxy: what is measured goes straight; no keep-alive: the server has none either
            socket = await connect(
                self.url, ping_interval=None, open_timeout=self.open_s, close_timeout=_CLOSE_S,
                compression=None, proxy=None,
            )
        except (OSError, WebSocketException) as error:
            raise SystemFailure(
                f"system.url={self.url}: no connection ({said(error)})"
            ) from None
        session = WsSession(socket, self.url)
        try:
            await session.start({
                "sample_rate": task.sample_rate_hz,
                "target_lang": self.codes.get(task.target_lang, task.target_lang),
                "source_lang": self.codes.get(task.source_lang, task.source_lang),
            })
        except BaseException:
            await session.close()
            raise
        return session


class WsSession(StreamSession):
    """One stream."""

    def __init__(self, socket: ClientConnection, url: str) -> None:
        self._socket = socket
        self._url = url
        self._text = Strings()
        self._answers = 0

    async def start(self, metadata: dict[str, str | int]) -> None:
        """Measure the way there and back, then say what will come."""
        from websockets.exceptions import ConnectionClosed

        try:
            pong = await self._socket.ping()
            self.network_s = await asyncio.wait_for(pong, _PING_S)
        except TimeoutError:
            _LOG.warning("%s answers no ping: the time on the network is not known", self._url)
        except ConnectionClosed:
            raise self._closed() from None
        await self._send(json.dumps(metadata))

    async def send(self, chunk: AudioChunk | TextChunk) -> None:
        if not isinstance(chunk, AudioChunk):
            raise SystemFailure("a simulstream server hears speech, not text")
        if len(chunk.samples):
            await self._send(pcm16(chunk.samples))
        if chunk.is_last:
            await self._send(json.dumps({"end_of_stream": True}))

    async def events(self) -> AsyncIterator[Write]:
        from websockets.exceptions import ConnectionClosed

        while True:
            try:
                message = await self._socket.recv()
            except ConnectionClosed:
                raise self._closed() from None
            answer = _read(message)
            if "end_of_processing" in answer:
                return
            if "error" in answer:  # not simulstream's, but of servers that speak its protocol
                raise SystemFailure(f"{self._url} says: {short(answer['error'])}")
            self._answers += 1
            new, deleted = answer.get("new"), answer.get("deleted")
            if not isinstance(new, str) or not isinstance(deleted, str):
                raise SystemFailure(f'the server sent {short(message)}, not "new" and "deleted"')
            write = self._text.edit(new, deleted)
            if write is not None:
                yield write

    async def close(self) -> None:
        await self._socket.close()

    async def _send(self, message: str | bytes) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            await self._socket.send(message)
        except ConnectionClosed:
            # events() reads what had come before the close, and then says why it closed
            _LOG.debug("%s closed while it was sent something", self._url)

    def _closed(self) -> SystemFailure:
        """What a closed connection means."""
        frame = self._socket.protocol.close_rcvd
        why = "dropped the connection" if frame is None else (
            f"closed the connection (code {frame.code}"
            + (f", {short(frame.reason)})" if frame.reason else ")")
        )
        hint = (
            "its processor raised: see its log" if self._answers else
            "all its processors were in use for its acquire_timeout (pool_size), or one raised: "
            "see its log"
        )
        return SystemFailure(f"{self._url} {why} before the end of processing, after "
                             f"{self._answers} answers: {hint}")


def pcm16(samples: Samples) -> bytes:
    """``float32[n]`` in [-1, 1] as 16-bit little-endian samples; 16-bit sources come out as they
    were."""
    whole: bytes = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()
    return whole


def _read(message: str | bytes) -> dict[str, object]:
    if isinstance(message, bytes):
        raise SystemFailure(f"the server sent {len(message)} bytes of binary data, not JSON")
    try:
        answer = json.loads(message)
    except (ValueError, RecursionError):
        raise SystemFailure(f"the server sent no JSON: {short(message)}") from None
    if not isinstance(answer, dict):
        raise SystemFailure(f"the server sent {short(message)}, not an object")
    return answer


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("ws", "wss") and parts.hostname and not parts.username
        valid = valid and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise ConfigError(
            f"system.url={url!r:.100}: an address such as ws://localhost:8080 is wanted"
        )
    return url
