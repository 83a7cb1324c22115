"""What goes wrong with services: each fault is one clear line on the trace, and never the key."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2st_bench.audio import write_wav
from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.limits import Limits
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.timeline import final_text
from s2st_bench.types import AudioSource, Recording, Segment, Trace
from service_server import tcp_server, websocket_server

KEY = "sk-fault/0123+456789"
VARIABLE = "LOOPBACK_API_KEY"
RATE_HZ = 16_000
PROTOCOL: dict[str, Any] = {
    "url": "ws://127.0.0.1/",
    "headers": ["Authorization: Bearer {credential}"],
    "credential_env": VARIABLE,
    "languages": {"same": False},
    "audio": {"rate_hz": RATE_HZ, "frame_s": 0.05, "message": {"json": {"audio": "{audio}"}}},
    "end": [{"send": {"json": {"end": True}}}],
    "connection": {"timeout_s": 1.0, "attempts": 2, "backoff_s": 0.05, "stall_s": 0.3,
                   "ping_s": 0.1},
    "receive": {"rules": [
        {"when": {"text": "*"}, "append": "text"},
        {"when": {"error": "*"}, "error": "error"},
        {"when": {"done": True}, "done": True},
    ]},
}

pytestmark = pytest.mark.skipif(importlib.util.find_spec("websockets") is None,
                                reason="needs websockets")


def say(text: str) -> str:
    return json.dumps({"text": text})


async def until_end(socket: Any) -> int:
    """Read to the end; how many audio messages came."""
    n = 0
    while True:
        message = json.loads(await socket.recv())
        if "end" in message:
            await socket.send(json.dumps({"done": True}))
            return n
        n += 1


async def polite(socket: Any) -> None:
    await socket.send(say("eins "))
    await until_end(socket)


async def late(socket: Any) -> None:
    message: dict[str, Any] = {}
    while "end" not in message:
        message = json.loads(await socket.recv())
    await asyncio.sleep(0.4)
    await socket.send(say("spät"))
    await socket.send(json.dumps({"done": True}))


async def broken_json(socket: Any) -> None:
    await socket.send('{"text": "eins ')
    await socket.wait_closed()


async def not_a_mapping(socket: Any) -> None:
    await socket.send('["text"]')
    await socket.wait_closed()


async def wrong_type(socket: Any) -> None:
    await socket.send('{"text": {"de": "eins"}}')
    await socket.wait_closed()


async def binary(socket: Any) -> None:
    await socket.send(b"\xff\xfe\x00")
    await socket.wait_closed()


async def closes_early(socket: Any) -> None:
    await socket.send(say("eins "))
    await asyncio.sleep(0.1)
    await socket.close(1000, "bye")


async def refuses_in_the_reason(socket: Any) -> None:
    await socket.close(1008, f"bad key {KEY}")


async def echoes_the_key(socket: Any) -> None:
    coded = base64.b64encode(KEY.encode()).decode()
    await socket.send(json.dumps({"error": f"no account\nfor {KEY} nor {coded}"}))
    await socket.wait_closed()


async def never_ready(socket: Any) -> None:
    await socket.wait_closed()


async def never_done(socket: Any) -> None:
    await socket.send(say("eins "))
    await socket.wait_closed()


async def closes_after_the_end(socket: Any) -> None:
    while "end" not in json.loads(await socket.recv()):
        pass
    await socket.close(1000)


async def huge(socket: Any) -> None:
    await socket.send(say("x" * 3_000_000))
    await socket.wait_closed()


async def reads_nothing(socket: Any) -> None:
    socket.transport.pause_reading()
    await asyncio.sleep(3)


class Dropping:
    """Breaks the first ``n`` connections after a word and a little audio, and is then away."""

    def __init__(self, n: int, absent_s: float = 0.0) -> None:
        self.n = n
        self.absent_s = absent_s
        self.audio: list[int] = []

    async def __call__(self, socket: Any) -> None:
        if self.audio:
            await asyncio.sleep(self.absent_s)
        self.audio.append(0)
        nth = len(self.audio)
        await socket.send(say(f"Teil {nth}"))
        if nth > self.n:
            self.audio[-1] += await until_end(socket)
            return
        for _ in range(2):
            await socket.recv()
            self.audio[-1] += 1
        socket.transport.abort()


@dataclass
class Fault:
    handle: Callable[[Any], Awaitable[None]] = polite
    error: str = ""
    """Part of the message; empty: none is expected."""
    kind: str = "raised"
    text: str = ""
    change: Mapping[str, Any] = field(default_factory=dict)
    server: Mapping[str, Any] = field(default_factory=dict)
    disconnects: int = 0
    limits: Limits = field(default_factory=lambda: Limits(call_s=5.0))


def connection(**values: Any) -> dict[str, Any]:
    return {"connection": {**PROTOCOL["connection"], **values}}


GAPS = {
    f"{gap} {absent_s}": Fault(
        Dropping(1, absent_s), text="Teil 1 Teil 2", disconnects=1,
        change={**connection(gap=gap), "start": [{"wait": {"text": "*"}}]})
    for gap in ("send", "drop") for absent_s in (0.15, 0.6)
}
FAULTS = {
    **GAPS,
    "none": Fault(text="eins "),
    "late": Fault(late, text="spät"),
    "dropped": Fault(Dropping(1), text="Teil 1 Teil 2", disconnects=1),
    "dropped twice": Fault(Dropping(2), text="Teil 1 Teil 2 Teil 3", disconnects=2),
    "dropped too often": Fault(
        Dropping(9), "lost 1 times before (connection.reconnects)", text="Teil 1 Teil 2",
        change=connection(reconnects=1), disconnects=1),
    "dropped for good": Fault(
        Dropping(9), "s (without a word)", text="Teil 1",
        change=connection(reconnects=0)),
    "broken JSON": Fault(broken_json, "is not json: Unterminated string", kind="invalid_output"),
    "no mapping": Fault(not_a_mapping, "is not a mapping: '[\"text\"]'", kind="invalid_output"),
    "wrong type": Fault(wrong_type, "where a text is expected", kind="invalid_output"),
    "binary": Fault(binary, "a message is not json", kind="invalid_output"),
    "closed early": Fault(closes_early, "s (1000: bye)", text="eins "),
    "closed after the end": Fault(closes_after_the_end, "closed the connection after the source's "
                                  "end (1000)"),
    "key in a close": Fault(refuses_in_the_reason, "1008: bad key ***"),
    "key in an error": Fault(echoes_the_key, "the service says: no account for *** nor ***"),
    "not ready": Fault(never_ready, "did not send {'ready': True} within 0.2 s", kind="hung",
                       change={**connection(timeout_s=0.2), "start": [{"wait": {"ready": True}}]}),
    "not done": Fault(never_done, "did not end within 0.3 s", kind="hung", text="eins ",
                      limits=Limits(call_s=0.3)),
    "huge": Fault(huge, "a message above 1 MB (connection.message_mb)", kind="limit",
                  change=connection(message_mb=1.0)),
    "401": Fault(error=f"HTTP 401, the key was refused: no ***; is the key in {VARIABLE} right?",
                 server={"status": 401, "body": f"no {KEY}"}),
    "403": Fault(error="HTTP 403, the key was refused", server={"status": 403}),
    "404": Fault(error="HTTP 404", server={"status": 404}),
    "429": Fault(error="HTTP 429, too many requests or no quota left (2 tries)",
                 server={"status": 429, "headers": {"Retry-After": "0.1"}}),
    "503": Fault(error="HTTP 503 (2 tries)", server={"status": 503}),
    "redirect": Fault(error="HTTP 302, a redirect, which is not followed",
                      server={"status": 302, "headers": {"Location": "ws://elsewhere.test/"}}),
    "nobody there": Fault(error="no connection: ", server={"port": 0}),
    "slower than speech": Fault(
        reads_nothing, "slower than the speaker", kind="hung",
        change={"audio": {**PROTOCOL["audio"],
                          "message": {"json": {"audio": "{audio}", "pad": "x" * 1_000_000}}}}),
}


REGISTRY = Registry()


def system(address: str, change: Mapping[str, Any]) -> Any:
    return build_system(Choice("websocket", {"protocol": {**PROTOCOL, **change}, "url": address}),
                        REGISTRY)


def recorded(folder: Path) -> Recording:
    for part in ("pieces", "spool"):
        (folder / part).mkdir(parents=True)
    path = folder / "source.wav"
    write_wav(path, np.linspace(-0.5, 0.5, round(0.4 * RATE_HZ), dtype=np.float32), RATE_HZ)
    return Recording("r", AudioSource(path), "en", ("de",),
                     (Segment("0", 0.0, 0.4, references={"de": ("x",)}),))


def suffer(fault: Fault, folder: Path) -> Trace:
    options = ReplayOptions(clock="realtime", chunk_s=0.1, limits=fault.limits)
    server: Any = nullcontext(f"ws://127.0.0.1:{_free_port()}")
    if "port" not in fault.server:
        server = websocket_server(fault.handle, **fault.server)
    with server as address:
        return replay(system(address, fault.change), recorded(folder), "de", options,
                      folder).whole()


@pytest.fixture(scope="module")
def suffered(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, KEY)
        with ThreadPoolExecutor(12) as pool:
            done = {name: pool.submit(suffer, fault, folder / name.replace(" ", "_"))
                    for name, fault in FAULTS.items()}
            yield {name: work.result() for name, work in done.items()}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_one_line_on_the_trace(suffered: Any, name: str):
    trace, fault = suffered[name], FAULTS[name]
    if not fault.error:
        assert trace.error is None
    else:
        assert trace.error is not None
        assert fault.error in trace.error.message
        assert trace.error.kind == fault.kind
        assert "\n" not in trace.error.message and len(trace.error.message) < 400
    assert final_text(trace) == fault.text
    assert trace.load["disconnects"] == fault.disconnects


def test_the_key_is_on_no_trace(suffered: Any):
    for trace in suffered.values():
        said = repr(trace)
        assert KEY not in said and base64.b64encode(KEY.encode()).decode() not in said


def test_a_late_answer_is_the_services_time(suffered: Any):
    job = next(job for step in suffered["late"].steps for job in step.jobs)
    assert job.compute_s >= 0.4 and job.network_s < 0.2


def test_audio_of_a_gap_is_sent_late(suffered: Any):
    assert sum(FAULTS["dropped"].handle.audio) >= 8 - 1  # one may be lost on the way


def test_audio_of_a_gap_is_left_out_where_the_protocol_says_so(suffered: Any):
    """Also where the source ends meanwhile: the end is told to the connection that stands then."""
    for name in GAPS:
        sent = sum(FAULTS[name].handle.audio)
        assert sent >= 7 if name.startswith("send") else sent < 8


async def no_http(reader: Any, writer: Any) -> None:
    await reader.readline()
    writer.write(b"SSH-2.0-OpenSSH\r\n")
    writer.close()


async def hangs_up_at_once(reader: Any, writer: Any) -> None:
    writer.close()


@pytest.mark.parametrize(("handle", "message"), [
    (no_http, "no connection: did not receive a valid HTTP response"),
    (hangs_up_at_once, "(2 tries)"),
])
def test_what_is_no_websocket_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handle: Any, message: str
):
    monkeypatch.setenv(VARIABLE, KEY)
    with tcp_server(handle) as address:
        service = system(address.replace("tcp:", "ws:"), {})
        trace = replay(service, recorded(tmp_path / "run"), "de", ReplayOptions(clock="realtime"),
                       tmp_path / "run").whole()
    assert trace.error is not None and message in trace.error.message


TCP = {
    "headers": [], "credential_env": "",
    "audio": {"rate_hz": RATE_HZ, "message": {"hex": "{audio}"}},
    "end": [{"close_sending": True}],
    "receive": {"closing": "done", "rules": [{"when": {"text": "*"}, "append": "text"}]},
}


async def line_without_end(reader: Any, writer: Any) -> None:
    writer.write(b"x" * 3_000_000)
    await reader.read()


async def hangs_up(reader: Any, writer: Any) -> None:
    writer.write(b'{"text": "eins "}\n')
    await reader.readexactly(640)
    writer.close()


async def resets(reader: Any, writer: Any) -> None:
    await reader.readexactly(640)
    linger = struct.pack("ii", 1, 0)  # a reset, not an end of stream
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def takes_all(reader: Any, writer: Any) -> None:
    n = len(await reader.read(-1))
    writer.write(b'{"text": "%d"}' % n)  # and no end of line
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(("handle", "message", "text", "disconnects"), [
    (takes_all, "", "12800", 0),
    (line_without_end, "a message above 1 MB", "", 0),
    (hangs_up, "s (1000)", "eins ", 0),
    (resets, "it was lost 1 times before", "", 1),
])
def test_faults_over_tcp(
    tmp_path: Path, handle: Any, message: str, text: str, disconnects: int
):
    change = {**TCP, **connection(message_mb=1.0, reconnects=1)}
    with tcp_server(handle) as address:
        options = ReplayOptions(clock="realtime", chunk_s=0.1, limits=Limits(call_s=5.0))
        trace = replay(system(address, change), recorded(tmp_path / "run"), "de", options,
                       tmp_path / "run").whole()
    assert message in trace.error.message if trace.error else not message
    assert final_text(trace) == text and trace.load["disconnects"] == disconnects


def test_a_flood_ends_at_the_runs_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, KEY)

    async def flood(socket: Any) -> None:
        for _ in range(100_000):
            await socket.send('{"text":"x"}')
        await socket.wait_closed()

    fault = Fault(flood, limits=Limits(call_s=5.0, writes_per_recording=200))
    trace = suffer(fault, tmp_path / "run")
    assert trace.error is not None and trace.error.kind == "limit"
    assert "more than 200 writes" in trace.error.message


@pytest.mark.slow
def test_a_hundred_thousand_messages_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, KEY)

    async def flood(socket: Any) -> None:
        for _ in range(99_000):
            await socket.send('{"text":"x"}')
        await until_end(socket)

    patient = {"ping_interval": None}  # a pong waits behind the flood
    trace = suffer(Fault(flood, limits=Limits(call_s=90.0), server=patient), tmp_path / "run")
    assert trace.error is None and final_text(trace) == "x" * 99_000


@pytest.mark.slow
def test_a_message_of_a_hundred_megabytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(VARIABLE, KEY)

    async def send_it(socket: Any) -> None:
        await socket.send(say("x" * 100_000_000))

    trace = suffer(Fault(send_it), tmp_path / "run")
    assert trace.error is not None
    assert trace.error.message == "the service sent a message above 16 MB (connection.message_mb)"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
