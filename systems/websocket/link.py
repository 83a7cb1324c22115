"""One connection: frames out, frames in, the time there and back.  WebSocket and bare TCP.

Redirects are not followed (the key would go where the user did not send it), the library's log is
off (at level DEBUG it prints headers), and compression too (it costs time on our side that would
be counted as the service's).
"""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from .wire import Frame

ABNORMAL = frozenset({None, 1001, 1006, 1011, 1012, 1013, 1014})
"""Codes after which connecting anew may help; none: the connection broke without one."""
_TOO_BIG = 1009
_PING_S = 5.0
_CLOSE_S = 1.0
_QUEUED_FRAMES = 16
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ConnectFailed(Exception):
    """No connection.  ``again``: another try may help, at the earliest after ``after_s``."""

    def __init__(self, message: str, *, again: bool, after_s: float = 0.0) -> None:
        super().__init__(message)
        self.again = again
        self.after_s = after_s


class LinkLost(Exception):
    """The connection is closed."""

    def __init__(self, code: int | None, reason: str = "", *, too_big: bool = False) -> None:
        said = f"{code}" if code is not None else "without a word"
        super().__init__(f"{said}: {reason}" if reason else said)
        self.code = code
        self.too_big = too_big
        """A message of theirs was longer than we take."""

    @property
    def clean(self) -> bool:
        return self.code in (1000, 1001)


class Link(ABC):
    """A connection that stands."""

    @abstractmethod
    async def send(self, frame: Frame) -> None:
        """Hand a frame to the network.

        Raises
        ------
        LinkLost
        """

    @abstractmethod
    async def receive(self) -> Frame:
        """The next frame; may be cancelled without losing one.

        Raises
        ------
        LinkLost
        """

    @abstractmethod
    async def ping(self) -> float | None:
        """Seconds there and back, or none where they cannot be measured now."""

    @abstractmethod
    async def end_sending(self) -> None:
        """Say that nothing follows (TCP)."""

    @abstractmethod
    async def close(self) -> None:
        """Say goodbye, briefly; never raises."""

    @abstractmethod
    def abort(self) -> None:
        """Drop the connection at once; what waits in :meth:`receive` gets ``LinkLost``."""


class WebSocketLink(Link):
    """Over a WebSocket; pings are its own."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    async def send(self, frame: Frame) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            await self._socket.send(frame)
        except ConnectionClosed as closed:
            raise _lost(closed) from None

    async def receive(self) -> Frame:
        from websockets.exceptions import ConnectionClosed

        try:
            frame: Frame = await self._socket.recv()
        except ConnectionClosed as closed:
            raise _lost(closed) from None
        return frame

    async def ping(self) -> float | None:
        from websockets.exceptions import ConnectionClosed

        try:
            async with asyncio.timeout(_PING_S):
                pong = await self._socket.ping()
                return float(await pong)
        except (TimeoutError, ConnectionClosed):
            return None

    async def end_sending(self) -> None:
        await self._socket.close()

    async def close(self) -> None:
        await self._socket.close()

    def abort(self) -> None:
        self._socket.transport.abort()


class TcpLink(Link):
    """Over bare TCP: bytes out, lines of text in."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, round_trip_s: float
    ) -> None:
        self._reader, self._writer = reader, writer
        self._round_trip_s = round_trip_s

    async def send(self, frame: Frame) -> None:
        try:
            self._writer.write(frame if isinstance(frame, bytes) else frame.encode() + b"\n")
            await self._writer.drain()
        except OSError as error:
            raise LinkLost(None, error.strerror or type(error).__name__) from None

    async def receive(self) -> Frame:
        try:
            line = await self._reader.readline()
        except ValueError:  # StreamReader's word for a line above its limit
            raise LinkLost(None, too_big=True) from None
        except OSError as error:
            raise LinkLost(None, error.strerror or type(error).__name__) from None
        if not line:
            raise LinkLost(1000)
        return line.decode("utf-8", "replace").rstrip("\r\n")

    async def ping(self) -> float | None:
        """What connecting took: TCP's own handshake is one way there and back."""
        return self._round_trip_s

    async def end_sending(self) -> None:
        try:
            self._writer.write_eof()
        except OSError as error:
            raise LinkLost(None, error.strerror or type(error).__name__) from None

    async def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()
        self._reader.feed_eof()


async def connect(
    url: str, headers: Sequence[tuple[str, str]], subprotocols: Sequence[str],
    timeout_s: float, max_bytes: int,
) -> Link:
    """Open one connection.

    Raises
    ------
    ConnectFailed
    """
    parts = urlsplit(url)
    try:
        if parts.scheme == "tcp":
            return await _tcp(parts.hostname or "", parts.port or 0, timeout_s, max_bytes)
        return await _websocket(url, headers, subprotocols, timeout_s, max_bytes)
    except TimeoutError:
        raise ConnectFailed(f"no connection within {timeout_s:g} s", again=True) from None
    except OSError as error:
        raise ConnectFailed(f"no connection: {error.strerror or error}", again=True) from None


async def _tcp(host: str, port: int, timeout_s: float, max_bytes: int) -> Link:
    async with asyncio.timeout(timeout_s):
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection(host, port, limit=max_bytes)
        return TcpLink(reader, writer, time.perf_counter() - started)


async def _websocket(
    url: str, headers: Sequence[tuple[str, str]], subprotocols: Sequence[str],
    timeout_s: float, max_bytes: int,
) -> Link:
    from websockets.asyncio.client import connect as dial
    from websockets.exceptions import InvalidMessage, InvalidStatus, WebSocketException
    from websockets.typing import Subprotocol

    class Straight(dial):
        def process_redirect(self, exc: Exception) -> Exception | str:
            return exc

    try:
        return WebSocketLink(await Straight(
            url,
            additional_headers=list(headers),
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            compression=None,
            open_timeout=timeout_s,
            ping_interval=None,
            close_timeout=_CLOSE_S,
            max_size=max_bytes,
            max_queue=_QUEUED_FRAMES,
            proxy=None if urlsplit(url).hostname in LOOPBACK else True,
            logger=logging.Logger("websocket", logging.CRITICAL + 1),
        ))
    except InvalidStatus as refused:
        raise _refused(refused.response) from None
    except InvalidMessage as error:
        raise ConnectFailed(f"no connection: {error}",
                            again=isinstance(error.__cause__, EOFError)) from None
    except (WebSocketException, ValueError) as error:
        raise ConnectFailed(f"no connection: {error}", again=False) from None


def _refused(response: Any) -> ConnectFailed:
    """An answer to the handshake other than 101."""
    status = int(response.status_code)
    said = (response.body or b"").decode("utf-8", "replace")[:200].strip()
    said = f": {said}" if said else ""
    if status in (401, 403):
        return ConnectFailed(f"HTTP {status}, the key was refused{said}", again=False)
    if status == 429:
        try:
            after_s = min(max(float(response.headers.get("Retry-After", 0)), 0.0), 60.0)
        except ValueError:  # a date: our own backoff then
            after_s = 0.0
        return ConnectFailed(f"HTTP 429, too many requests or no quota left{said}", again=True,
                             after_s=after_s)
    if 300 <= status < 400:
        return ConnectFailed(f"HTTP {status}, a redirect, which is not followed: give the new "
                             "address as system.url", again=False)
    return ConnectFailed(f"HTTP {status}{said}", again=status >= 500)


def _lost(closed: Any) -> LinkLost:
    theirs, ours = closed.rcvd, closed.sent
    if theirs is not None and (ours is None or closed.rcvd_then_sent):
        return LinkLost(theirs.code, theirs.reason)
    if ours is not None and ours.code == _TOO_BIG:
        return LinkLost(_TOO_BIG, too_big=True)
    if ours is not None and ours.code in (1002, 1007):
        return LinkLost(ours.code, ours.reason or "broken frames")
    return LinkLost(None)
