"""A service of a system made here, on loopback, and a client that says what it is told."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from websockets.sync.client import ClientConnection, connect

from s2st_bench.config import Choice
from s2st_bench.serve.access import Access
from s2st_bench.serve.bounds import Bounds
from s2st_bench.serve.engine import Engine
from s2st_bench.serve.server import Service
from s2st_bench.serveconfig import ServeConfig
from s2st_bench.system import System

LANGUAGES = {"source_lang": "en", "target_lang": "de"}
SECOND = np.zeros(16_000, "<i2").tobytes()


class Served:
    """A running service."""

    def __init__(self, service: Service, port: int) -> None:
        self.service = service
        self.port = port
        self.said: list[str] = []

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    def connect(self, **options: Any) -> ClientConnection:
        return connect(self.url, compression=None, proxy=None, **options)


@contextmanager
def serving(
    system: System, bounds: Bounds | None = None, token: str | None = None, **config: Any,
) -> Iterator[Served]:
    """Serve ``system``, loaded, for the block; ``config`` as of :class:`ServeConfig`."""
    values = {**LANGUAGES, "chunk_s": 0.125, **config}
    engine = Engine(system, ServeConfig(Choice("test"), **values))
    engine.load()
    said: list[str] = []
    service = Service(engine, bounds or Bounds(), Access("127.0.0.1", token), said.append)
    loop = asyncio.new_event_loop()
    started: list[int] = []
    is_up, stop = threading.Event(), asyncio.Event()

    async def main() -> None:
        async with service.listening(0) as port:
            started.append(port)
            is_up.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    assert is_up.wait(10)
    served = Served(service, started[0])
    served.said = said
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def tell(client: ClientConnection, **message: object) -> None:
    client.send(json.dumps(message))


def hear(client: ClientConnection) -> dict[str, Any]:
    """The next message."""
    found = json.loads(client.recv(timeout=10))
    assert isinstance(found, dict)
    return found


def hear_all(client: ClientConnection) -> list[dict[str, Any]]:
    """Messages up to the end of the processing; speech lies at its header's ``data``."""
    messages: list[dict[str, Any]] = []
    while True:
        data = client.recv(timeout=10)
        if isinstance(data, bytes):
            messages[-1]["speech"]["data"] = data
            continue
        message = json.loads(data)
        messages.append(message)
        if "end_of_processing" in message:
            return messages


def standing(messages: list[dict[str, Any]]) -> str:
    """The text that stands after them, as a client of simulstream's puts it together."""
    text = ""
    for message in messages:
        deleted = message.get("deleted", "")
        assert text.endswith(deleted)
        text = text[: len(text) - len(deleted)] + message.get("new", "")
    return text


def soon(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)
