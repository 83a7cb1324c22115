"""The client of our own service as a stream system: replayed, and against faults."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("websockets", reason="needs the extra serve")

from websockets.sync.server import ServerConnection, serve

from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import ConfigError
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.serve.bounds import Bounds
from s2st_bench.system import Observation, System
from s2st_bench.timeline import final_text
from s2st_bench.types import AudioChunk, Recording, Speech, Task, Trace, Word, Write
from scripted import Policy, Scripted, once
from serving import serving


def served(**params: object) -> System:
    return build_system(Choice("served", params), Registry())


def through(url: str, recording: Recording, run: Path, **params: object) -> Trace:
    options = ReplayOptions(clock="realtime", chunk_s=0.125)
    return replay(served(url=url, **params), recording, "de", options, run).whole()


def talking() -> Policy:
    """Words of what it hears, revised, spoken; sensitive to every sample and every cut."""
    def policy(observation: Observation) -> list[Write]:
        word = f"{len(observation.samples)}:{float(np.sum(observation.samples)):.9g} "
        ramp = np.linspace(-0.3, 0.9, 40, dtype=np.float32)
        words = (Word(word, 0.0, 0.001),)
        return [Write(word + "?"), Write("", Speech(ramp, 22_050), 1, words=words)]
    return policy


def test_the_same_is_said_as_in_process(recording: Recording, run_folder: Path):
    with serving(Scripted(talking)) as service:
        far = through(service.url, recording, run_folder, speech=True)
    near = once(talking, recording, run_folder)
    assert far.error is None and far.kind == "stream"
    assert final_text(far) == final_text(near) and len(final_text(far).split()) == 5
    said = [[w for step in trace.steps for w in step.writes] for trace in (far, near)]
    assert [(w.text, w.retract_chars, w.words) for w in said[0]] == [
        (w.text, w.retract_chars, w.words) for w in said[1]]
    assert [p.length for p in far.pieces] == [p.length for p in near.pieces] == [40] * 5


def test_time_at_the_server_is_no_time_on_the_way(recording: Recording, run_folder: Path):
    def make() -> Policy:
        def policy(observation: Observation) -> list[Write]:
            time.sleep(0.03)
            return [Write("x")]
        return policy

    with serving(Scripted(make)) as service:
        trace = through(service.url, recording, run_folder)
    answers = [job for step in trace.steps for job in step.jobs]
    assert len(answers) == 5
    for job in answers[:3]:  # the last two are sent while the one before is worked on
        assert job.compute_s >= 0.03 and job.network_s <= job.compute_s - 0.03 + 0.01


def test_a_service_that_is_full_is_tried_again(recording: Recording, run_folder: Path):
    with serving(Scripted(talking), Bounds(sessions=1, idle_s=0.3)) as service:
        with service.connect():  # says nothing, and is let go
            trace = through(service.url, recording, run_folder, connect_s=5.0)
            assert trace.error is None
    with serving(Scripted(talking), Bounds(sessions=1)) as service:
        with service.connect():
            trace = through(service.url, recording, run_folder, connect_s=0.1)
    assert trace.error is not None and "all 1 sessions are taken" in trace.error.message


def test_a_token_comes_from_the_environment(recording, run_folder, monkeypatch):
    monkeypatch.setenv("OUR_SERVICE", "s3cret")
    with serving(Scripted(talking), token="s3cret") as service:
        named = through(service.url, recording, run_folder, credential_env="OUR_SERVICE")
        bare = through(service.url, recording, run_folder)
    assert named.error is None
    assert bare.error is not None and "system.credential_env=VARIABLE" in bare.error.message
    lost = through(service.url, recording, run_folder, credential_env="NOT_SET_HERE")
    assert lost.error is not None and "NOT_SET_HERE" in lost.error.message


def test_where_nobody_listens_it_says_how_to_start_one(recording, run_folder):
    trace = through("ws://127.0.0.1:9/", recording, run_folder, connect_s=0.1)
    assert trace.error is not None and "s2st-bench serve SYSTEM" in trace.error.message
    with pytest.raises(ConfigError, match="nothing listens at ws://127.0.0.1:9 .*start one with"):
        served(url="ws://127.0.0.1:9/", connect_s=0.1).load()


def test_a_pair_that_the_system_does_not_have_is_no_pair_to_start_from():
    class English(Scripted):
        def supports(self, task: Any) -> str | None:
            return None if task.target_lang == "en" else f"does not know {task.target_lang}"

    with pytest.raises(ConfigError, match="does not know de"), serving(English(talking)):
        pass


def test_what_the_service_refuses_is_told_in_its_words(recording, run_folder):
    class Choosy(Scripted):
        def supports(self, task: Any) -> str | None:
            return "knows no such language"

    with serving(Choosy(talking), target_lang=None) as service:
        trace = through(service.url, recording, run_folder)
    assert trace.error is not None and "knows no such language" in trace.error.message


GREETING = {"new": "", "deleted": "", "protocol": 1}


@contextmanager
def faulty(*messages: str | bytes | dict[str, Any] | None) -> Iterator[str]:
    """A server that sends ``messages`` and, at a none, goes; later it only listens."""
    def attend(socket: ServerConnection) -> None:
        for message in messages:
            if message is None:
                return
            socket.send(json.dumps(message) if isinstance(message, dict) else message)
        for _ in socket:
            pass

    with serve(attend, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        server.shutdown()


SPEECH = {"encoding": "pcm_f32le", "sample_rate": 16_000, "bytes": 8, "cancel": False, "words": []}


@pytest.mark.parametrize(("messages", "says"), [
    ([{"hello": 1}], "is no `s2st-bench serve` of protocol 1"),
    ([{**GREETING, "protocol": 2}], "is no `s2st-bench serve` of protocol 1"),
    ([None], "is no `s2st-bench serve` of protocol 1"),
    ([GREETING, None], "the connection was lost"),
    ([GREETING, "nonsense"], "what is no message: 'nonsense'"),
    ([GREETING, b"\0"], "what is no message"),
    ([GREETING, "[" * 5000], "what is no message"),
    ([GREETING, {"new": 3}], "text that is none"),
    ([GREETING, {"new": "a", "deleted": "b"}], "took back 'b', which did not stand"),
    ([GREETING, {"new": "", "sent_s": "x", "arrived_s": 0}], "which is no number"),
    ([GREETING, {"new": "", "speech": {**SPEECH, "bytes": "many"}}], "cannot be read"),
    ([GREETING, {"new": "", "speech": SPEECH}, b"1234"], "announced 8 bytes of speech and sent 4"),
    ([GREETING, {"new": "", "speech": SPEECH}, "text"], "announced 8 bytes"),
    ([GREETING, {"new": "", "speech": SPEECH},
      np.array([np.nan, 0], "<f4").tobytes()], "NaN"),
    ([GREETING, {"new": "x", "error": {"code": "system_hung", "message": "too slow"}}],
     "the service gave up: too slow"),
    ([GREETING, {"end_of_processing": True}], "before the source did"),
])
def test_a_faulty_service_costs_its_recording_in_one_line(messages, says, recording, run_folder):
    with faulty(*messages) as url:
        trace = through(url, recording, run_folder, speech=True, connect_s=1.0)
    assert trace.error is not None and says in trace.error.message
    assert "\n" not in trace.error.message


@pytest.mark.parametrize("params", [
    {"url": "http://here/"}, {"encoding": "mp3"}, {"connect_s": 0.0},
])
def test_options_are_checked(params):
    with pytest.raises(ConfigError, match=f"system.{next(iter(params))}="):
        served(**params)


def test_a_long_chunk_is_sent_in_parts_that_a_service_takes(tmp_path: Path):
    chunk = AudioChunk(np.zeros(400_000, np.float32), 16_000, 0.0, True)

    async def send(url: str) -> str:
        session = await served(url=url).connect(Task("en", "de"))  # type: ignore[attr-defined]
        await session.send(chunk)
        said = "".join([write.text async for write in session.events()])
        await session.close()
        return said

    def make() -> Policy:
        return lambda observation: [Write(f"{len(observation.samples)}")]

    with serving(Scripted(make), chunk_s=100.0) as service:
        assert asyncio.run(send(service.url)) == "400000"
