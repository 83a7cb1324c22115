"""The client of our own service (``docs/serve.md``) as a stream system.

Every message names how much audio the server had received, when (its clock) and when it answered,
so that time on the way is told apart from the server's: what passes here between sending that
audio and getting the answer, less what passed there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import numpy as np

from s2st_bench.errors import ConfigError, SystemFailure
from s2st_bench.reach import check_listens
from s2st_bench.serve.protocol import ENCODINGS, VERSION, WIDTHS, Encoding, bytes_of
from s2st_bench.system import StreamSession, StreamSystem
from s2st_bench.types import AudioChunk, Modality, Speech, Task, TextChunk, Word, Write

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

MESSAGE_BYTES = 256 << 10
ANSWER_BYTES = 64 << 20
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 2.0
_HINT = "start one with `s2st-bench serve SYSTEM`, or give system.url=…"


class Served(StreamSystem):
    """A session of the service for each recording.

    Parameters
    ----------
    url
        Of the WebSocket.
    speech
        Ask for speech beside text.
    encoding
        Of audio both ways: ``pcm_f32le`` or ``pcm_s16le``.
    credential_env
        The environment variable that holds the service's token.
    connect_s
        How long to try where the service is not there yet, or full.
    """

    def __init__(
        self, *, url: str = "ws://127.0.0.1:8765/", speech: bool = False,
        encoding: str = "pcm_f32le", credential_env: str | None = None, connect_s: float = 10.0,
    ) -> None:
        if not url.startswith(("ws://", "wss://")):
            raise ConfigError(f"system.url={url}: expected ws://HOST:PORT/ or wss://…")
        found = next((name for name in ENCODINGS if name == encoding), None)
        if found is None:
            raise ConfigError(f"system.encoding={encoding}: expected {' or '.join(ENCODINGS)}")
        if not 0 < connect_s <= 3600:
            raise ConfigError(f"system.connect_s={connect_s}: above 0 and at most 3600 is wanted")
        self.outputs: frozenset[Modality] = frozenset({"text", "speech"} if speech else {"text"})
        self._url = url
        self._encoding: Encoding = found
        self._credential_env = credential_env
        self._connect_s = connect_s

    def load(self, device: str = "cpu") -> None:
        """Check that the service and the token are there.

        Raises
        ------
        ConfigError, SystemFailure
        """
        self._credentials()
        check_listens(self._url, "system.url", _HINT, self._connect_s)

    async def connect(self, task: Task) -> StreamSession:
        session = ServedSession(await self._connected(), self._encoding)
        await session.tell({
            "sample_rate": task.sample_rate_hz,
            "source_lang": task.source_lang,
            "target_lang": task.target_lang,
            "encoding": self._encoding,
            "speech": self._encoding if "speech" in task.outputs else None,
        })
        return session

    async def _connected(self) -> ClientConnection:
        """A connection that has a seat."""
        headers = self._credentials()
        end = time.monotonic() + self._connect_s
        wait_s = _FIRST_WAIT_S
        while True:
            left_s = end - time.monotonic()
            try:
                return await self._greeted(headers, max(left_s, _FIRST_WAIT_S))
            except _NotYet as reason:
                if left_s <= wait_s:
                    raise SystemFailure(str(reason)) from reason.__cause__
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    async def _greeted(self, headers: dict[str, str], within_s: float) -> ClientConnection:
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

        try:
            socket = await connect(
                self._url, additional_headers=headers, open_timeout=within_s, ping_interval=None,
                compression=None, max_size=ANSWER_BYTES, proxy=None,
            )
        except (OSError, TimeoutError) as error:
            raise _NotYet(f"no service at {self._url} ({error or 'no answer'}): {_HINT}") from error
        except (InvalidHandshake, InvalidURI) as error:
            raise SystemFailure(f"{self._url} does not let this client in: {error}; a token is "
                                "named with system.credential_env=VARIABLE") from error
        try:
            async with asyncio.timeout(within_s):
                greeting = _message(await socket.recv())
        except (TimeoutError, ConnectionClosed):
            greeting = {}
        told = greeting.get("error")
        if isinstance(told, dict) and told.get("code") == "full":
            await socket.close()
            raise _NotYet(f"{self._url}{_told(greeting)}")
        if greeting.get("protocol") != VERSION:
            await socket.close()
            raise SystemFailure(f"{self._url} is no `s2st-bench serve` of protocol {VERSION}"
                                f"{_told(greeting)}")
        return socket

    def _credentials(self) -> dict[str, str]:
        if self._credential_env is None:
            return {}
        token = os.environ.get(self._credential_env, "").strip()
        if not token:
            raise SystemFailure(f"system.credential_env={self._credential_env}: the variable is "
                                "not set, or empty")
        return {"Authorization": f"Bearer {token}"}


class _NotYet(Exception):
    """May be better in a moment."""


class ServedSession(StreamSession):
    """One connection."""

    def __init__(self, socket: ClientConnection, encoding: Encoding) -> None:
        self._socket = socket
        self._encoding: Encoding = encoding
        self._text = ""
        self._sent: deque[tuple[float, float]] = deque()
        """(audio sent so far in s, when), of what no answer has told of yet."""

    async def send(self, chunk: AudioChunk | TextChunk) -> None:
        if not isinstance(chunk, AudioChunk):
            raise SystemFailure("a service hears speech, not text")
        data = bytes_of(chunk.samples, self._encoding)
        self._sent.append((chunk.start_s + chunk.duration_s, time.perf_counter()))
        for start in range(0, len(data), MESSAGE_BYTES):
            await self._give(data[start : start + MESSAGE_BYTES])
        if chunk.is_last:
            await self.tell({"end_of_stream": True})

    async def tell(self, message: dict[str, Any]) -> None:
        """Send a text message."""
        await self._give(json.dumps(message))

    async def events(self) -> AsyncIterator[Write]:
        from websockets.exceptions import ConnectionClosed

        try:
            while (message := _message(await self._socket.recv())).get("end_of_processing") is None:
                self._note(message)
                if (write := await self._write(message)) is not None:
                    yield write
        except ConnectionClosed as error:
            raise SystemFailure(f"the connection was lost: {error}") from error

    async def close(self) -> None:
        await self._socket.close()

    async def _give(self, data: str | bytes) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):  # events() tells why, in the service's words
            await self._socket.send(data)

    def _note(self, message: dict[str, Any]) -> None:
        """Time on the way of this answer, from the server's times; refuses an error."""
        if message.get("error"):
            raise SystemFailure(f"the service gave up{_told(message)}")
        received_s, there_s = _number(message, "received_s"), _server_s(message)
        while len(self._sent) > 1 and self._sent[0][0] < received_s - 1e-6:
            self._sent.popleft()
        if self._sent and there_s is not None:
            here_s = time.perf_counter() - self._sent[0][1]
            self.network_s = max(0.0, here_s - there_s)

    async def _write(self, message: dict[str, Any]) -> Write | None:
        new, deleted = message.get("new", ""), message.get("deleted", "")
        if not isinstance(new, str) or not isinstance(deleted, str):
            raise SystemFailure("the service sent text that is none")
        if not self._text.endswith(deleted):
            raise SystemFailure(f"the service took back {deleted!r:.60}, which did not stand")
        self._text = self._text[: len(self._text) - len(deleted)] + new
        header = message.get("speech")
        if not isinstance(header, dict):
            return Write(new, retract_chars=len(deleted)) if new or deleted else None
        try:
            size = int(header["bytes"])
            speech = Speech(await self._samples(size), int(header["sample_rate"])) if size else None
            words = tuple(Word(str(w), float(b), float(e)) for w, b, e in header["words"])
            return Write(new, speech, len(deleted), bool(header["cancel"]), words)
        except (KeyError, TypeError, ValueError) as error:
            raise SystemFailure(f"the service sent a speech header that cannot be read: "
                                f"{header!r:.100}") from error

    async def _samples(self, size: int) -> Any:
        data = await self._socket.recv()
        if not isinstance(data, bytes) or len(data) != size or size % WIDTHS[self._encoding]:
            raise SystemFailure(f"the service announced {size} bytes of speech and sent "
                                f"{len(data)} {'bytes' if isinstance(data, bytes) else 'letters'}")
        if self._encoding == "pcm_f32le":
            return np.frombuffer(data, "<f4").astype(np.float32)
        return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32_768)


def _message(data: str | bytes) -> dict[str, Any]:
    """A text message."""
    try:
        found = json.loads(data) if isinstance(data, str) else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SystemFailure(f"the service sent what is no message: {data!r:.60}")
    return found


def _server_s(message: dict[str, Any]) -> float | None:
    """What passed on the server between the last audio and this answer."""
    if "sent_s" not in message or "arrived_s" not in message:
        return None
    return _number(message, "sent_s") - _number(message, "arrived_s")


def _number(message: dict[str, Any], key: str) -> float:
    value = message.get(key, 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SystemFailure(f"the service sent {key}={value!r:.40}, which is no number")
    return float(value)


def _told(message: dict[str, Any]) -> str:
    """Its own words, if it gave any."""
    error = message.get("error")
    return f": {error.get('message')!s:.300}" if isinstance(error, dict) else ""


__all__ = ["Served", "ServedSession"]
