"""simulstream servers that misbehave cost a recording and say why; the next one runs."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2st_bench import runner
from s2st_bench.audio import write_wav
from s2st_bench.compose import compose
from s2st_bench.errors import ConfigError, SystemFailure
from s2st_bench.limits import Limits
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.store import RunFolder
from s2st_bench.system import System
from s2st_bench.systems.simulstream.exchange import Address, request
from s2st_bench.systems.simulstream.outputs import Output, Strings, Tokens
from s2st_bench.systems.simulstream.over_http import SimulstreamHttp
from s2st_bench.systems.simulstream.over_websocket import SimulstreamWs, pcm16
from s2st_bench.timeline import final_text
from s2st_bench.types import AudioSource, Recording, Segment, Trace

PLUGINS = [Path(__file__).parent]
RATE_HZ = 16_000
NEW = {"new_string": " ok", "new_tokens": ["ok"], "deleted_string": "", "deleted_tokens": []}

needs_websockets = pytest.mark.skipif(
    importlib.util.find_spec("websockets") is None, reason="needs the package websockets"
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("faults") / "talk.wav"
    write_wav(path, np.linspace(-0.5, 0.5, 4_800, dtype=np.float32), RATE_HZ)
    segment = Segment("0", 0.0, 0.3, references={"de": ("ok",)})
    return Recording("talk", AudioSource(path), "en", ("de",), (segment,))


def run(system: System, recording: Recording, folder: Path, clock: Any, **limits: Any) -> Trace:
    for name in ("pieces", "spool"):
        (folder / name).mkdir(exist_ok=True)
    options = ReplayOptions(clock=clock, chunk_s=0.1, limits=Limits(**limits))
    return replay(system, recording, "de", options, folder).whole()


class Http(BaseHTTPRequestHandler):
    """Answers as simulstream does; the first stream's chunks as the fault says."""

    server: Served

    def answer(self) -> None:
        values = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.strip("/")
        self.server.asked.append(path)
        if path == "process_chunk":
            self.server.first = self.server.first or values["session_id"]
        if path == "process_chunk" and values["session_id"] == self.server.first:
            self.server.fault(self)
        elif path == "speech_chunk_size":
            self.say(json.dumps({"speech_chunk_size": self.server.chunk_size}))
        elif path in ("process_chunk", "end_of_stream"):
            self.say(json.dumps(NEW))
        else:
            self.say("", status=204)

    do_GET = do_PUT = do_POST = answer

    def say(self, text: str | bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text if isinstance(text, bytes) else text.encode())

    def log_message(self, *args: Any) -> None:
        """Nothing."""


Fault = Callable[[Http], object]


class Served(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, fault: Fault, chunk_size: object = 0.1) -> None:
        super().__init__(("127.0.0.1", 0), Http)
        self.fault, self.chunk_size = fault, chunk_size
        self.asked: list[str] = []
        self.first = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def served(fault: Fault, **options: Any) -> Iterator[Served]:
    with Served(fault, **options) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def says(**changes: Any) -> Fault:
    return lambda http: http.say(json.dumps({**NEW, **changes}))


HTTP_FAULTS: dict[str, tuple[Fault, str]] = {
    "late": (lambda http: time.sleep(0.5), "no answer within 0.2 s"),
    "dropped": (lambda http: None, "connection was lost before the answer was whole"),
    "no HTTP": (lambda http: http.wfile.write(b"\0\x1b[31m " * 900), "connection was lost"),
    "malformed": (lambda http: http.say("<html>"), "answered no JSON: '<html>'"),
    "cut off": (lambda http: http.say('{"new_string": "o'), "answered no JSON"),
    "short": (lambda http: http.say("{}", Content_Length="90"), "connection was lost"),
    "refused": (lambda http: http.say("no\nmodel", 503), "answered 503"),
    "flood": (lambda http: http.say(b"[" * 17_000_000), "more than 16000000 bytes"),
    "deep": (lambda http: http.say("[" * 100_000), "answered no JSON"),
    "list": (lambda http: http.say("[1]"), "answered [1], not an object"),
    "empty": (lambda http: http.say(""), "answered None, not an object"),
    "no text": (says(new_string=None), "new_string is no text"),
    "no tokens": (says(deleted_tokens="a"), "deleted_tokens is no list of texts"),
    "took too much": (says(deleted_string=" ok ok"), "took back 6 characters"),
    "surrogate": (lambda http: http.say(r'{"new_string": "\ud800", "deleted_string": "", '
                                        r'"new_tokens": [], "deleted_tokens": []}'), "surrogate"),
}


@pytest.mark.parametrize("name", HTTP_FAULTS)
def test_http(name: str, recording: Recording, tmp_path: Path) -> None:
    fault, message = HTTP_FAULTS[name]
    with served(fault) as server:
        system = SimulstreamHttp(url=server.url, timeout_s=0.2 if name == "late" else 5.0)
        system.load()
        failed = run(system, recording, tmp_path, "simulated")
        assert failed.error is not None and message in failed.error.message
        assert failed.error.message.isprintable() and len(failed.error.message) < 600
        # never sent twice, and the processor is given back
        assert server.asked[-2:] == ["process_chunk", "clear"]
        assert server.asked.count("process_chunk") == 1
        after = run(system, recording, tmp_path, "simulated")
        assert after.error is None and final_text(after) == " ok ok ok ok"


@pytest.mark.parametrize("size", [0, -1, "2", None, True, 1e9])
def test_a_chunk_size_that_is_none(size: object, recording: Recording, tmp_path: Path) -> None:
    with served(says(), chunk_size=size) as server:
        failed = run(SimulstreamHttp(url=server.url), recording, tmp_path, "ideal")
        assert failed.error is not None and "speech_chunk_size is" in failed.error.message
        assert server.asked[-1] == "clear"


def test_where_no_server_is() -> None:
    with pytest.raises(ConfigError, match="nothing listens there .*system.ready_s"):
        SimulstreamHttp(url="http://127.0.0.1:9", ready_s=0).load()
    for wrong in ("localhost:8080", "ftp://host", "http://host:port", "http://u:p@host", "http://"):
        with pytest.raises(ConfigError, match="system.url="):
            SimulstreamHttp(url=wrong)
        with pytest.raises(ConfigError, match="system.url="):
            SimulstreamWs(url=wrong.replace("http", "ws"))


def test_a_server_that_says_how_long_it_worked_has_its_network_time_apart() -> None:
    def slow(http: Http) -> None:
        time.sleep(0.05)
        http.say(json.dumps(NEW), Server_Timing="cache;desc=x, queue;dur=3, model;dur=20.5")

    with served(slow) as server:
        address = Address.of(server.url + "/base/")
        answer = request(address, "POST", "process_chunk", {"session_id": "s"}, 5.0)
        assert server.asked == ["base/process_chunk"] and answer.value is None
        answer = request(Address.of(server.url), "POST", "process_chunk", {"session_id": "s"}, 5.0)
    assert answer.value == NEW and answer.network_s >= 0.05 - 0.0205


@pytest.mark.slow
def test_the_run_goes_on(tmp_path: Path) -> None:
    with served(lambda http: None) as server:
        config = compose(
            ["system=simulstream_http", f"system.url={server.url}", "dataset=clips",
             f"dataset.path={tmp_path / 'clips'}", "dataset.count=3", "dataset.seconds=0.2",
             f"out={tmp_path / 'runs'}", "score=false", "warmup_s=0"], plugin_dirs=PLUGINS,
        )
        traces = list(RunFolder(runner.run(config, plugin_dirs=PLUGINS)).traces())
    assert [trace.error is None for trace in traces] == [False, True, True]


Ws = Callable[[Any], Awaitable[None]]


@contextmanager
def websocket(fault: Ws) -> Iterator[str]:
    """A server whose first connection does as the fault says, and all others as they should."""
    from websockets.asyncio.server import serve

    loop = asyncio.new_event_loop()
    ready: asyncio.Future[str] = loop.create_future()
    stop = asyncio.Event()
    opened = threading.Event()
    connections = 0

    async def handle(socket: Any) -> None:
        nonlocal connections
        connections += 1
        await (fault if connections == 1 else healthy)(socket)

    async def main() -> None:
        async with serve(handle, "127.0.0.1", 0, ping_timeout=None) as server:
            ready.set_result(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            opened.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
    thread.start()
    assert opened.wait(10)
    yield ready.result()
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


async def healthy(socket: Any) -> None:
    async for message in socket:
        if isinstance(message, bytes):
            await socket.send(json.dumps({"new": " ok", "deleted": ""}))
        elif "end_of_stream" in message:
            await socket.send(json.dumps({"new": "", "deleted": ""}))
            await socket.send(json.dumps({"end_of_processing": True}))


def sends(*messages: str | bytes) -> Ws:
    async def act(socket: Any) -> None:
        await socket.recv()
        for message in messages:
            await socket.send(message)
        await healthy(socket)

    return act


async def closes(socket: Any) -> None:
    await socket.recv()
    await socket.send(json.dumps({"new": "a", "deleted": ""}))
    await socket.close(1011, "out of\nmemory")


async def drops(socket: Any) -> None:
    await socket.recv()
    socket.transport.abort()


async def never_ends(socket: Any) -> None:
    async for _ in socket:
        pass


async def floods(socket: Any) -> None:
    await socket.recv()
    while True:
        await socket.send(json.dumps({"new": "a", "deleted": ""}))


WS_FAULTS: dict[str, tuple[Ws, str]] = {
    "closed early": (closes, "closed the connection (code 1011"),
    "dropped": (drops, "dropped the connection before the end of processing, after 0 answers"),
    "late": (never_ends, "did not end within 0.2 s"),
    "flood": (floods, "more than 200 writes"),
    "malformed": (sends("{new}"), "sent no JSON: '{new}'"),
    "binary": (sends(b"\0\1"), "2 bytes of binary data"),
    "list": (sends("[]"), "sent '[]', not an object"),
    "no text": (sends('{"new": 1, "deleted": ""}'), 'not "new" and "deleted"'),
    "took too much": (sends('{"new": "", "deleted": "never said"}'), "took back 10 characters"),
    "says why": (sends('{"new": "", "deleted": "", "error": "no room"}'), "says: 'no room'"),
    "over too soon": (sends('{"end_of_processing": true}'), "before the source did"),
    "too long": (sends(json.dumps({"new": "a" * 2_000_000, "deleted": ""})), "the connection"),
}


@needs_websockets
@pytest.mark.parametrize("name", WS_FAULTS)
def test_websocket(name: str, recording: Recording, tmp_path: Path) -> None:
    fault, message = WS_FAULTS[name]
    limits = {"late": {"call_s": 0.2}, "flood": {"writes_per_recording": 200}}.get(name, {})
    with websocket(fault) as url:
        system = SimulstreamWs(url=url)
        failed = run(system, recording, tmp_path, "realtime", **limits)
        assert failed.error is not None and message in failed.error.message
        assert "\n" not in failed.error.message and len(failed.error.message) < 500
        if name in ("late", "closed early"):
            after = run(system, recording, tmp_path, "realtime")
            assert after.error is None and final_text(after) == " ok ok ok"


@needs_websockets
def test_websocket_where_none_is(recording: Recording, tmp_path: Path) -> None:
    with served(says()) as server:
        for url in (server.url.replace("http", "ws"), "ws://127.0.0.1:9"):
            system = SimulstreamWs(url=url, open_s=2.0, ready_s=0.0)
            with pytest.raises(ConfigError, match="no simulstream WebSocket server listens there"):
                system.load()
            failed = run(system, recording, tmp_path, "realtime")
            assert failed.error is not None and "no connection" in failed.error.message
            assert "\n" not in failed.error.message


def test_samples_of_16_bits_come_out_as_they_were() -> None:
    whole = np.array([-32768, -1, 0, 1, 12_345, 32_767], "<i2")
    assert pcm16((whole / 32768).astype(np.float32)) == whole.tobytes()
    assert pcm16(np.array([2.0, -2.0], np.float32)) == np.array([32767, -32768], "<i2").tobytes()


def test_what_is_taken_back(caplog: pytest.LogCaptureFixture) -> None:
    text = Strings()
    assert text.write(Output("Hello world")) is not None
    write = text.edit("", " Hello world")  # a tokenizer's space that never stood
    assert write is not None and write.retract_chars == 11
    assert text.edit("", "") is None
    text.edit("one two", "")
    for _ in range(2):  # as simulstream's client does, and said once
        other = text.edit("two", "six")
        assert other is not None and other.retract_chars == 3
    assert len(caplog.records) == 1 and "'six'" in caplog.text
    with pytest.raises(SystemFailure, match="took back 9 characters"):
        text.edit("", "123456789")
    tokens = Tokens("spm")
    first = tokens.write(Output(new_tokens=("▁ein", "▁Ha", "us")))
    second = tokens.write(Output(new_tokens=("▁Baum",), deleted_tokens=("▁Ha", "us")))
    assert first is not None and second is not None
    assert (first.text, second.text, second.retract_chars) == ("ein Haus", " Baum", 5)
    with pytest.raises(SystemFailure, match="not the last that stand"):
        tokens.write(Output(deleted_tokens=("▁Ha",)))
