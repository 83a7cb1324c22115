"""Listens on one port for WebSockets and for the page, hands out seats, and shuts down."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from s2st_bench.errors import UsageError
from s2st_bench.serve.access import Access
from s2st_bench.serve.bounds import Bounds
from s2st_bench.serve.client import Client, refuse
from s2st_bench.serve.engine import Engine
from s2st_bench.serve.protocol import GOING_AWAY, TRY_LATER, Refused
from s2st_bench.serve.web import Web, plain

CLOSING_S = 5.0
"""For sessions to end at shut-down; a system that is stuck in a call is left behind."""

Say = Callable[[str], None]


class Service:
    """One engine on one port."""

    def __init__(self, engine: Engine, bounds: Bounds, access: Access, say: Say) -> None:
        self.engine = engine
        self.bounds = bounds
        self.access = access
        self.seats = engine.seats(bounds.sessions)
        self._taken = 0
        self._say = say
        self._web = Web()

    @contextlib.asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[int]:
        """Serve inside the block; gives the port.

        Raises
        ------
        UsageError
            The address cannot be listened on.
        """
        try:
            # Pings are off, as in simulstream: a client that is not read on, because it sends
            # faster than the system hears, could not answer them.
            server = await serve(
                self._attend, self.access.host, port, process_request=self._request,
                max_size=self.bounds.message_bytes, compression=None, ping_interval=None,
                server_header=None,
            )
        except OSError as error:
            raise _cannot_listen(self.access.host, port, error) from None
        try:
            yield next(iter(server.sockets)).getsockname()[1]
        finally:
            await self._shut(server)

    def info(self) -> dict[str, Any]:
        """What the page must know."""
        config = self.engine.config
        return {
            "version": 1,
            "system": self.engine.system.name,
            "outputs": sorted(self.engine.outputs),
            "pairs": [list(pair) for pair in self.engine.pairs],
            "source_lang": config.source_lang,
            "target_lang": config.target_lang,
            "chunk_s": config.chunk_s,
            "sessions": {"taken": self._taken, "most": self.seats},
            "idle_s": self.bounds.idle_s,
            "message_bytes": self.bounds.message_bytes,
        }

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        """An answer to a plain request or one that is not let in; none lets a WebSocket begin."""
        header = request.headers.get_all
        hosts, origins = header("Host"), header("Origin")
        if len(hosts) != 1 or len(origins) > 1:
            return plain(HTTPStatus.BAD_REQUEST, "one Host header is wanted")
        refusal = self.access.refusal(hosts[0], origins[0] if origins else None)
        if refusal is not None:
            return plain(HTTPStatus.FORBIDDEN, refusal)
        credentials = header("Authorization")
        is_known = self.access.is_known(request.path, credentials[0] if credentials else None)
        if not header("Upgrade"):
            return self._web.answer(request.path, self.info() if is_known else None)
        if not is_known:
            return plain(HTTPStatus.UNAUTHORIZED, "a token is needed: ?token=…")
        return None

    async def _attend(self, connection: ServerConnection) -> None:
        with self._seat() as has_seat:
            if has_seat:
                await Client(connection, self.engine, self.bounds, self._say).attend()
            else:
                await refuse(connection, Refused(
                    "full", f"all {self.seats} sessions are taken; try again later", TRY_LATER))

    @contextlib.contextmanager
    def _seat(self) -> Iterator[bool]:
        """One of the seats for the block, if one is free."""
        is_free = self._taken < self.seats
        self._taken += is_free
        try:
            yield is_free
        finally:
            self._taken -= is_free

    async def _shut(self, server: Server) -> None:
        """Tell everybody, close, and wait a little for sessions to end."""
        server.close(close_connections=False)
        going = Refused("shutting_down", "the service is shutting down", GOING_AWAY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await asyncio.gather(*(refuse(each, going) for each in server.connections))
                await server.wait_closed()


def check_address(host: str, port: int) -> None:
    """Find out before a system is loaded that the address cannot be listened on.

    Raises
    ------
    UsageError
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise _cannot_listen(host, port, error) from None


def _cannot_listen(host: str, port: int, error: OSError) -> UsageError:
    return UsageError(f"cannot listen on {host}, port {port}: {error}; choose another with "
                      "--host and --port")


async def run(service: Service, port: int, ready: Callable[[int], None]) -> None:
    """Serve until the process is told to stop; ``ready`` is called with the port."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with service.listening(port) as bound:
        ready(bound)
        await stop.wait()
