"""A loopback service that plays a script: what it expects of a client, and what it answers.

A fixture of ``tests/data/services/`` names its source and holds one session as the vendor's
documentation gives it.  Audio is decoded here by other code than the adapter's.
"""

from __future__ import annotations

import asyncio
import base64
import http
import io
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

DATA = Path(__file__).parents[1] / "data" / "services"
SLOW_S = 10.0


@dataclass
class Heard:
    """What a service got over one connection."""

    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    messages: list[Any] = field(default_factory=list)
    """All but audio."""
    samples: list[np.ndarray] = field(default_factory=list)
    frames_s: list[float] = field(default_factory=list)
    problem: str = ""

    @property
    def audio(self) -> np.ndarray:
        return np.concatenate(self.samples) if self.samples else np.zeros(0, np.float32)


def fixture(name: str) -> dict[str, Any]:
    return yaml.safe_load((DATA / f"{name}.yaml").read_text("utf-8"))


def tone(seconds: float, rate_hz: int) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 330 * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(
        np.float32)


class Codec:
    """Client's frames to messages and audio, and a fixture's answers to frames."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.spec = spec
        self.rate_hz: int = spec["rate_hz"]
        self.opus_in: Any = None
        self.opus_out: Any = None
        self.proto = _messages(spec["proto"]) if "proto" in spec else {}

    def read(self, frame: str | bytes) -> tuple[Any, np.ndarray | None]:
        """A message, or none and audio."""
        kind = self.spec["client"]
        if kind == "bytes":
            return (frame, None) if isinstance(frame, str) else (None, _s16(frame))
        if kind == "tagged_opus":
            assert isinstance(frame, bytes) and frame[:1] == b"\x01", frame[:8]
            import sphn

            self.opus_in = self.opus_in or sphn.OpusStreamReader(self.rate_hz)
            return None, np.asarray(self.opus_in.append_bytes(frame[1:]))
        if kind == "msgpack":
            import msgpack

            message = msgpack.unpackb(frame)
        elif kind == "proto":
            message = _plain(self.proto["send"].FromString(frame))
        else:
            message = json.loads(frame)
        value = message
        for key in self.spec["audio_path"].split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            return message, None
        if isinstance(value, list):
            return None, np.asarray(value, np.float32)
        return None, _s16(base64.b64decode(value) if isinstance(value, str) else value)

    def write(self, answer: Any) -> str | bytes:
        """An answer's frame; ``{speech: SECONDS}`` inside becomes a tone."""
        form = self.spec["server"]
        if isinstance(answer, dict) and set(answer) == {"raw"}:
            return answer["raw"]
        if isinstance(answer, dict) and set(answer) == {"hex"}:
            return bytes.fromhex(answer["hex"]) + answer.get("tail", b"")
        answer = self._spoken(answer, base64_it=form in ("json", "json_binary"))
        if form == "bytes":
            return answer if isinstance(answer, str | bytes) else json.dumps(answer)
        if form == "tagged":
            (tag, body), = answer.items()
            return bytes([tag]) + (body if isinstance(body, bytes) else body.encode())
        if form == "msgpack":
            import msgpack

            return msgpack.packb(answer)
        if form == "proto":
            return _filled(self.proto["receive"](), answer).SerializeToString()
        text = json.dumps(answer, ensure_ascii=False)
        return text.encode() if form == "json_binary" else text

    def _spoken(self, answer: Any, *, base64_it: bool) -> Any:
        if isinstance(answer, dict):
            if "speech" in answer and set(answer) <= {"speech", "rate_hz", "as"}:
                sound = self._speech(**answer)
                return base64.b64encode(sound).decode() if base64_it else sound
            return {k: self._spoken(v, base64_it=base64_it) for k, v in answer.items()}
        if isinstance(answer, list):
            return [self._spoken(v, base64_it=base64_it) for v in answer]
        return answer

    def _speech(self, speech: float, rate_hz: int, **more: str) -> bytes:
        samples = tone(speech, rate_hz)
        form = more.get("as", "s16")
        if form == "opus":
            import sphn

            self.opus_out = self.opus_out or sphn.OpusStreamWriter(rate_hz)
            frame = round(0.08 * rate_hz)
            return b"".join(self.opus_out.append_pcm(samples[at : at + frame])
                            for at in range(0, len(samples) - frame + 1, frame))
        if form == "wav":
            import soundfile

            out = io.BytesIO()
            soundfile.write(out, samples, rate_hz, format="WAV", subtype="PCM_16")
            return out.getvalue()
        return (samples * 32767).astype("<i2").tobytes()


class Script:
    """Plays one session of a fixture, connection by connection."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.spec = spec
        self.heard: list[Heard] = []

    async def serve(self, receive: Callable[[], Awaitable[str | bytes | None]],
                    send: Callable[[str | bytes], Awaitable[None]],
                    close: Callable[[int], Awaitable[None]], heard: Heard) -> None:
        """``receive`` gives none at the end of the client's stream."""
        codec = Codec(self.spec)
        messages: asyncio.Queue[Any] = asyncio.Queue()
        self.heard.append(heard)

        async def read() -> None:
            try:
                while (frame := await receive()) is not None:
                    message, audio = codec.read(frame)
                    if audio is not None:
                        heard.samples.append(audio)
                        heard.frames_s.append(len(audio) / codec.rate_hz)
                    else:
                        heard.messages.append(message)
                        messages.put_nowait(message)
                messages.put_nowait(None)
            except Exception as error:
                heard.problem = f"reading: {type(error).__name__}: {error}"
                messages.put_nowait(None)

        reading = asyncio.create_task(read())
        try:
            for step in self.spec["script"]:
                (verb, what), = step.items()
                if verb == "send":
                    await send(codec.write(what))
                elif verb == "expect":
                    async with asyncio.timeout(SLOW_S):
                        got = await messages.get()
                    if not _within(what, got):
                        heard.problem = f"expected {what}, got {got}"
                        return
                elif verb == "heard_s":
                    await _until(lambda s=what: len(heard.audio) / codec.rate_hz >= s)
                elif verb == "ended":
                    async with asyncio.timeout(SLOW_S):
                        while await messages.get() is not None:
                            pass
                elif verb == "close":
                    await close(what)
            async with asyncio.timeout(SLOW_S):
                await reading
        except TimeoutError:
            heard.problem = heard.problem or f"timed out at {step}"
        finally:
            reading.cancel()


@contextmanager
def serving(start: Callable[[], Awaitable[Any]]) -> Iterator[Any]:
    """Run a server on a loop of its own; gives what ``start`` gave."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(start(), loop).result(SLOW_S)
    try:
        yield server
    finally:
        async def cancel() -> None:
            server.close()
            rest = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(cancel(), loop).result(SLOW_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SLOW_S)
        loop.close()


def port_of(server: Any) -> int:
    return int(server.sockets[0].getsockname()[1])


@contextmanager
def websocket_script(spec: Mapping[str, Any]) -> Iterator[tuple[str, Script]]:
    """A WebSocket server that plays a fixture; gives its address and what it heard."""
    from websockets.asyncio.server import ServerConnection, serve

    script = Script(spec)

    async def handle(socket: ServerConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        request = socket.request
        assert request is not None
        heard = Heard(request.path, {k.lower(): v for k, v in request.headers.raw_items()})

        async def receive() -> str | bytes | None:
            try:
                return await socket.recv()
            except ConnectionClosed:
                return None

        async def close(code: int) -> None:
            await socket.close(code)

        await script.serve(receive, socket.send, close, heard)

    async def start() -> Any:
        return await serve(handle, "127.0.0.1", 0, max_size=None, close_timeout=0.2)

    with serving(start) as server:
        yield f"ws://127.0.0.1:{port_of(server)}", script


@contextmanager
def tcp_script(spec: Mapping[str, Any]) -> Iterator[tuple[str, Script]]:
    """The same over bare TCP: bytes in, lines out."""
    script = Script(spec)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def receive() -> bytes | None:
            data = await reader.read(1 << 16)
            if len(data) % 2:
                data += await reader.readexactly(1)
            return data or None

        async def send(frame: str | bytes) -> None:
            assert isinstance(frame, str)
            writer.write(frame.encode() + b"\n")
            await writer.drain()

        async def close(code: int) -> None:
            writer.close()

        await script.serve(receive, send, close, Heard())

    async def start() -> Any:
        return await asyncio.start_server(handle, "127.0.0.1", 0)

    with serving(start) as server:
        yield f"tcp://127.0.0.1:{port_of(server)}", script


@contextmanager
def websocket_server(
    handle: Callable[[Any], Awaitable[None]], *, status: int = 101,
    headers: Mapping[str, str] | None = None, body: str = "", **options: Any,
) -> Iterator[str]:
    """A WebSocket server with a handler of the test's; ``status`` other than 101 refuses."""
    from websockets.asyncio.server import serve

    def refuse(connection: Any, request: Any) -> Any:
        if status == 101:
            return None
        response = connection.respond(http.HTTPStatus(status), body)
        for name, value in (headers or {}).items():
            response.headers[name] = value
        return response

    async def start() -> Any:
        return await serve(handle, "127.0.0.1", 0, process_request=refuse, close_timeout=0.2,
                           **options)

    with serving(start) as server:
        yield f"ws://127.0.0.1:{port_of(server)}"


@contextmanager
def tcp_server(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> Iterator[str]:
    """A TCP server with a handler of the test's."""

    async def start() -> Any:
        return await asyncio.start_server(handle, "127.0.0.1", 0)

    with serving(start) as server:
        yield f"tcp://127.0.0.1:{port_of(server)}"


async def _until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SLOW_S
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.005)


def _within(wanted: Any, got: Any) -> bool:
    """Whether all that is wanted is in what was got; ``"?"`` is anything."""
    if wanted == "?":
        return got is not None
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(
            k in got and _within(v, got[k]) for k, v in wanted.items())
    return bool(wanted == got)


def _s16(data: bytes) -> np.ndarray:
    return np.frombuffer(data, "<i2").astype(np.float32) / 32768


def _messages(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Classes for a fixture's ``proto`` (message: field: [number, type]), by Google's own library;
    a message's types may be other messages of the file.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="fixture.proto", package="f", syntax="proto3")
    scalar = {"string": 9, "bytes": 12, "int32": 5, "bool": 8}
    for name, entries in fields.items():
        message = file.message_type.add(name=name)
        for key, (number, type_) in entries.items():
            one = message.field.add(name=key, number=number, label=1)
            if type_ in scalar:
                one.type = scalar[type_]
            else:
                one.type, one.type_name = 11, f".f.{type_}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"f.{name}"))
            for name in fields}


def _filled(message: Any, values: Mapping[str, Any]) -> Any:
    for key, value in values.items():
        if isinstance(value, dict):
            _filled(getattr(message, key), value)
        else:
            setattr(message, key, value)
    return message


def _plain(message: Any) -> dict[str, Any]:
    return {f.name: _plain(v) if f.message_type else v for f, v in message.ListFields()}
