"""An agent behind SimulEval's own server says the same as in process; faults say what is wrong."""

from __future__ import annotations

import contextlib
import http.server
import importlib.util
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

if importlib.util.find_spec("simuleval") is None:
    pytest.skip("needs the simuleval extra", allow_module_level=True)

from s2st_bench.errors import ConfigError, SystemFailure
from s2st_bench.system import Observation
from s2st_bench.systems.simuleval.system import SimulEvalAgent
from s2st_bench.types import AudioChunk, Read, Task, Write

AGENTS = Path(__file__).parent / "simuleval_agents"
RATE_HZ = 16_000
SAMPLES = np.random.default_rng(3).integers(-8000, 8000, 31_234).astype(np.float32) / 32768


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """``simuleval --standalone`` with the agent that repeats what it hears."""
    port = free_port()
    line = [sys.executable, "-m", "simuleval.cli", "--standalone", "--remote-port", str(port),
            "--agent", str(AGENTS / "echo_speech.py")]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, "SimulEval's server did not start"
                time.sleep(0.05)
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()


Answer = Callable[[str, bytes], tuple[int, bytes]]
Answers = Callable[[Answer], str]


@pytest.fixture
def answers() -> Iterator[Answers]:
    """Starts servers that answer as a function says, given the method and the body."""
    with contextlib.ExitStack() as running:
        def start(answer: Answer) -> str:
            class Handler(http.server.BaseHTTPRequestHandler):
                def reply(self) -> None:
                    body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                    status, said = answer(self.command, body)
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(said)))
                    self.end_headers()
                    self.wfile.write(said)

                do_GET = do_POST = do_PUT = reply  # noqa: N815

                def log_message(self, *args: object) -> None:
                    """Nothing on the terminal."""

            server = running.enter_context(http.server.HTTPServer(("127.0.0.1", 0), Handler))
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            running.callback(server.shutdown)
            return f"127.0.0.1:{server.server_port}"

        yield start


def said(made: SimulEvalAgent) -> list[tuple[int, bytes]]:
    """What it says to the recording: samples heard, speech."""
    made.load()
    session = made.open(Task("de", "en", outputs=frozenset({"speech"})))
    heard: list[tuple[int, bytes]] = []
    for first in range(0, len(SAMPLES), 5_120):
        last = first + 5_120 >= len(SAMPLES)
        chunk = AudioChunk(SAMPLES[first : first + 5_120], RATE_HZ, first / RATE_HZ, last)
        answer = session.policy(Observation(chunk, is_last=last))
        assert not isinstance(answer, Read | Write)
        heard += [(first + len(chunk.samples), write.audio.samples.tobytes())
                  for write in answer if write.audio is not None]
    session.close()
    return heard


@pytest.mark.slow
def test_a_server_says_what_the_agent_says(server: str) -> None:
    here = said(SimulEvalAgent(agent=AGENTS / "echo_speech.py", segment_ms=320))
    there = SimulEvalAgent(remote=server, remote_output="speech", segment_ms=320)
    assert said(there) == here and len(here) > 2
    assert said(there) == here, "a second recording starts afresh"


def test_servers_of_2023_get_segments_without_a_language(answers: Answers) -> None:
    """They refuse a field that they do not know; SimulSeamless' image is one of them."""
    given: list[dict[str, object]] = []

    def answer(command: str, body: bytes) -> tuple[int, bytes]:
        if command == "PUT":
            given.append(json.loads(body))
            return (500, b"") if "tgt_lang" in given[-1] else (200, b"")
        said = {"index": 0, "content": "ja", "finished": False, "is_empty": False,
                "data_type": "text"}
        return 200, json.dumps(said).encode() if command == "GET" else b""

    made = SimulEvalAgent(remote=answers(answer), segment_ms=320)
    made.load()
    session = made.open(Task("de", "en"))
    whole = Observation(AudioChunk(SAMPLES, RATE_HZ, 0.0, True), is_last=True)
    text = "".join(write.text for write in session.policy(whole))
    segments = -(-len(SAMPLES) // 5_120)
    assert text.split() == ["ja"] * segments
    assert len(given) == segments + 1 and ["tgt_lang" in each for each in given].count(True) == 1
    assert sum(len(each["content"]) for each in given[1:]) == len(SAMPLES)


@pytest.mark.slow
def test_one_session_at_a_time(server: str) -> None:
    made = SimulEvalAgent(remote=server, remote_output="speech")
    made.load()
    task = Task("de", "en", outputs=frozenset({"speech"}))
    made.open(task)
    with pytest.raises(SystemFailure, match="one session at a time"):
        made.open(task)


def test_nobody_there() -> None:
    with pytest.raises(SystemFailure, match="start one with: simuleval --standalone"):
        SimulEvalAgent(remote=f"127.0.0.1:{free_port()}").load()


@pytest.mark.parametrize("address", ["", ":2024", "host:http", "host:"])
def test_addresses(address: str) -> None:
    if address == "host:":
        assert SimulEvalAgent(remote=address).remote is not None
        return
    with pytest.raises(ConfigError, match="HOST:PORT is wanted"):
        SimulEvalAgent(remote=address)


@pytest.mark.parametrize(("status", "body", "message"), [
    (500, b"", "answered 500 to PUT /input"),
    (200, b"<html>", "which is not a segment"),
    (200, b'{"is_empty": false, "data_type": "video"}', "which is not a segment"),
    (200, b"[]", "which is not a segment"),
])
def test_servers_that_answer_otherwise(
    status: int, body: bytes, message: str, answers: Answers
) -> None:
    made = SimulEvalAgent(
        remote=answers(lambda command, _: (200 if command == "POST" else status, body))
    )
    made.load()
    session = made.open(Task("de", "en"))
    with pytest.raises(SystemFailure, match=message):
        list(session.policy(Observation(AudioChunk(SAMPLES, RATE_HZ, 0.0, True), is_last=True)))
