"""One connection: what the client says goes into its stream, what the system says goes out.

A connection may carry one stream after another; after each, the rate is the default again and
everything else stays as set (as in simulstream).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from s2st_bench.serve.bounds import CONTROL_CHARS, CONTROLS, Bounds
from s2st_bench.serve.engine import Engine
from s2st_bench.serve.live import Output
from s2st_bench.serve.protocol import (
    DEFAULT_RATE_HZ,
    VERSION,
    Refused,
    Settings,
    bytes_of,
    caption,
    encode,
    failure,
    read_control,
    speech_header,
)
from s2st_bench.serve.stream import Stream

LAST_WORDS_S = 2.0
"""For a client to take its error before the connection is closed."""
_REASON_BYTES = 120
"""Of a close frame: 125 less the code, and a little."""


class Client:
    """Attends to one connection until it closes."""

    def __init__(
        self, socket: ServerConnection, engine: Engine, bounds: Bounds,
        say: Callable[[str], None],
    ) -> None:
        self._socket = socket
        self._engine = engine
        self._bounds = bounds
        self._say = say
        self._settings = Settings()
        self._stream: Stream | None = None
        self._answers: asyncio.Task[None] | None = None
        self._controls = 0
        self._sent = 0
        self._line = asyncio.Lock()
        """Speech follows its header at once."""

    async def attend(self) -> None:
        """Serve it to the end; never raises for what a client or the system did."""
        try:
            await self._send(caption(protocol=VERSION, system=self._engine.system.name))
            while True:
                await self._take(await self._receive())
        except Refused as error:
            await refuse(self._socket, error)
        except ConnectionClosed:
            pass  # it went; what it had open is closed below
        finally:
            await self._leave()

    async def _receive(self) -> str | bytes:
        """The next message, once there is room for it."""
        if self._stream is not None:
            await self._stream.room()
        while True:
            try:
                async with asyncio.timeout(self._bounds.idle_s):
                    return await self._socket.recv()
            except TimeoutError:
                if not self._is_awaiting_answers:
                    raise Refused("idle", f"nothing came for {self._bounds.idle_s:g} s") from None

    @property
    def _is_awaiting_answers(self) -> bool:
        """Whether the client has said all and need only listen."""
        return (self._stream is not None and self._stream.is_over
                and self._answers is not None and not self._answers.done())

    async def _take(self, message: str | bytes) -> None:
        if self._stream is not None and self._stream.is_over:
            await self._finish()  # what comes after the end belongs to the next stream
        if isinstance(message, str):
            await self._control(message)
        elif message:
            self._controls = 0
            await self._audio(message)
        else:
            self._count()

    async def _control(self, text: str) -> None:
        self._count()
        if len(text) > CONTROL_CHARS:
            raise Refused("flood", f"a text message has at most {CONTROL_CHARS} characters")
        control = read_control(text)
        settings = control.applied(self._settings)
        if self._stream is not None and settings != self._settings:
            raise Refused("too_late", "rate, languages, encoding and speech are set before the "
                          "first audio of a stream, and stand until its end")
        self._settings = settings
        if control.is_end:
            stream = self._stream or await self._start()
            if stream.end():
                await self._send(caption(warning="the audio ended within a sample; the rest of it "
                                         "was left out"))

    async def _audio(self, data: bytes) -> None:
        stream = self._stream or await self._start()
        if stream.is_finished:
            return  # the system has said that nothing follows
        stream.push(data)
        if stream.source.received[0] > self._bounds.session_s:
            raise Refused("too_long", f"a session has at most {self._bounds.session_s:g} s of "
                          "audio")

    async def _start(self) -> Stream:
        settings = self._settings
        task = await asyncio.to_thread(self._engine.task, settings)
        stream = Stream(self._engine, task, settings, self._engine.config.limits, self._cut_off)
        self._stream, self._sent = stream, 0
        self._say(f"session {stream.id}: {task.source_lang} to {task.target_lang}, "
                  f"{settings.sample_rate_hz} Hz, {' and '.join(sorted(task.outputs))}")
        await self._send(caption(
            session=stream.id, source_lang=task.source_lang, target_lang=task.target_lang,
            outputs=sorted(task.outputs), chunk_s=self._engine.config.chunk_s,
        ))
        self._answers = asyncio.create_task(self._answer(stream))
        return stream

    def _cut_off(self) -> None:
        self._say("slow_reader: a client does not read its answers; its connection is cut")
        self._socket.transport.abort()

    async def _answer(self, stream: Stream) -> None:
        """Send what the system says, as it says it."""
        try:
            while (output := await stream.next(self._engine.config.limits.call_s)) is not None:
                await self._output(stream, output)
            await self._send({"end_of_processing": True})
            self._say(f"session {stream.id}: done, {stream.source.received[0]:.1f} s of audio")
        except Refused as error:
            self._say(f"session {stream.id}: {error.code}: {error}")
            await refuse(self._socket, error)
        except ConnectionClosed:
            pass  # the receiving side sees it too, and ends the session

    async def _output(self, stream: Stream, output: Output) -> None:
        fields: dict[str, Any] = {
            "source_s": round(output.source_s, 6), "written_s": output.written_s,
        }
        encoding = stream.settings.speech
        data = b""
        if encoding is not None and (output.speech is not None or output.is_cancel):
            fields["speech"] = speech_header(
                output.speech, encoding, output.words, output.is_cancel)
            if output.speech is not None:
                data = bytes_of(output.speech.samples, encoding)
        await self._send(caption(output.new, output.deleted, **fields), data)

    async def _send(self, message: dict[str, Any], data: bytes = b"") -> None:
        """Send a message with its number and times, then ``data``."""
        async with self._line:
            if (stream := self._stream) is not None:
                received_s, arrived_s = stream.source.received
                message |= {"id": self._sent, "received_s": round(received_s, 6),
                            "arrived_s": arrived_s, "sent_s": stream.clock.now()}
                self._sent += 1
            await self._socket.send(encode(message))
            if data:
                await self._socket.send(data)

    async def _finish(self) -> None:
        """Wait for the last answers of a stream that has ended."""
        if self._answers is not None:
            await self._answers
        await self._leave()
        self._settings = replace(self._settings, sample_rate_hz=DEFAULT_RATE_HZ)

    async def _leave(self) -> None:
        if self._answers is not None:
            self._answers.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._answers
        if self._stream is not None:
            if not self._stream.is_finished:
                self._say(f"session {self._stream.id}: left after "
                          f"{self._stream.source.received[0]:.1f} s of audio")
            await self._stream.leave()
        self._stream = self._answers = None

    def _count(self) -> None:
        self._controls += 1
        if self._controls > CONTROLS:
            raise Refused("flood", f"more than {CONTROLS} messages in a row without audio")


async def refuse(socket: ServerConnection, error: Refused) -> None:
    """Say why, and close the connection."""
    with contextlib.suppress(ConnectionClosed, TimeoutError):
        async with asyncio.timeout(LAST_WORDS_S):
            await socket.send(encode(failure(error)))
    reason = str(error).encode()[:_REASON_BYTES].decode("utf-8", "ignore")
    await socket.close(error.close, reason)
