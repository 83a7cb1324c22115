"""One live session between the thread it works in and the event loop that talks to its client."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable

from s2st_bench.clock import RealtimeClock
from s2st_bench.errors import SystemFailure
from s2st_bench.limits import Limits
from s2st_bench.serve.bounds import BACKLOG_S, QUEUE_BYTES
from s2st_bench.serve.engine import Engine
from s2st_bench.serve.live import Abandoned, LiveRecord, LiveSource, Output
from s2st_bench.serve.protocol import FAILED, WIDTHS, Refused, Settings, samples_of
from s2st_bench.types import Task

_LOG = logging.getLogger(__name__)


class Stream:
    """A session of ``engine``; made, fed and read on the event loop.

    ``on_overflow`` is called when more answers wait than may: their reader reads too slowly to
    be told so.
    """

    def __init__(
        self, engine: Engine, task: Task, settings: Settings, limits: Limits,
        on_overflow: Callable[[], object],
    ) -> None:
        self.id = secrets.token_hex(4)
        self.settings = settings
        self.clock = RealtimeClock()
        self.is_over = False
        """Whether the client has ended its audio."""
        self._engine = engine
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._outputs: asyncio.Queue[Output | Refused | None] = asyncio.Queue()
        self._queued = 0
        self._on_overflow = on_overflow
        self._room = asyncio.Event()
        self._room.set()
        self._finished = asyncio.Event()
        self._odd = b""
        self.source = LiveSource(
            settings.sample_rate_hz, engine.config.sample_rate_hz, engine.config.chunk_s,
            self.clock, self._on_take,
        )
        self._record = LiveRecord(limits, self.source, self.clock, self._from_thread)
        self._thread = threading.Thread(target=self._work, name=f"session-{self.id}", daemon=True)
        self._thread.start()

    @property
    def is_finished(self) -> bool:
        """Whether the system is done; outputs may still wait."""
        return self._finished.is_set()

    def push(self, data: bytes) -> None:
        """More audio.

        Raises
        ------
        Refused
        """
        width = WIDTHS[self.settings.encoding]
        data = self._odd + data
        whole = len(data) - len(data) % width
        self._odd = data[whole:]
        if whole:
            self.source.push(samples_of(data[:whole], self.settings.encoding))
        self._make_room()

    def end(self) -> bool:
        """No more audio; returns whether part of a sample was left over."""
        self.is_over = True
        self.source.end()
        return bool(self._odd)

    async def room(self) -> None:
        """Wait until the system has caught up enough to be sent more."""
        await self._room.wait()

    async def next(self, patience_s: float | None) -> Output | None:
        """The next output; none after the last.

        Raises
        ------
        Refused
            The system failed, or has not answered for ``patience_s`` though it had audio.
        """
        while True:
            try:
                async with asyncio.timeout(patience_s):
                    found = await self._outputs.get()
            except TimeoutError:
                if self.source.is_asked:
                    continue
                raise Refused("system_hung", f"the system has not answered for {patience_s:g} s",
                              FAILED) from None
            if isinstance(found, Refused):
                raise found
            if found is not None:
                self._queued -= found.size
            return found

    async def leave(self) -> None:
        """Give up the session and wait until its thread has ended."""
        self.source.abandon()
        self._room.set()
        await self._finished.wait()

    def _work(self) -> None:
        last: Refused | None = None
        try:
            self._engine.run(self._task, self.source, self.clock, self._record)
        except Abandoned:
            pass  # nobody is left to be told
        except SystemFailure as error:
            _LOG.warning("session %s: %s", self.id, error, exc_info=error.__cause__)
            last = Refused("system_failed", str(error), FAILED)
        except Exception as error:
            _LOG.exception("session %s", self.id)
            last = Refused("internal", f"the server failed: {type(error).__name__}", FAILED)
        self._call(self._close, last)

    def _close(self, last: Refused | None) -> None:
        self._outputs.put_nowait(last)
        self._room.set()
        self._finished.set()

    def _from_thread(self, output: Output) -> None:
        self._call(self._put, output)

    def _put(self, output: Output) -> None:
        self._queued += output.size
        if self._queued > QUEUE_BYTES:
            self.source.abandon()
            self._on_overflow()
        else:
            self._outputs.put_nowait(output)

    def _on_take(self) -> None:
        self._call(self._make_room)

    def _make_room(self) -> None:
        """A client is read on while little audio waits, or the system asks for more."""
        if self.source.backlog_s < BACKLOG_S or self.source.is_asked or self.is_finished:
            self._room.set()
        else:
            self._room.clear()

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        """Run ``function`` on the event loop, unless the server is gone already."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)
