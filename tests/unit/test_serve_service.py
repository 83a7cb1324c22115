"""The service over real sockets: sessions, revisions, speech, and clients that misbehave."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("websockets", reason="needs the extra serve")

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from s2st_bench.audio import read_audio
from s2st_bench.build import build_system
from s2st_bench.compose import compose_serve
from s2st_bench.errors import UsageError
from s2st_bench.limits import Limits
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.serve import bounds as serve_bounds
from s2st_bench.serve import stream as serve_stream
from s2st_bench.serve.bounds import Bounds
from s2st_bench.serve.live import LiveSource
from s2st_bench.serve.protocol import bytes_of
from s2st_bench.system import Observation, PipelineSession, Session, Stage, System
from s2st_bench.timeline import final_text
from s2st_bench.types import AudioSource, Read, Recording, Speech, Task, Word, Write
from scripted import FromFunction, Policy, Scripted
from serving import SECOND, Served, hear, hear_all, serving, soon, standing, tell

SHORT = SECOND[:8200 * 2 - 200]
"""0.5125 s: chunks of 2000, 2000, 2000, 2000 and 100 samples."""


def counting() -> Policy:
    """Says how many samples it heard."""
    def policy(observation: Observation) -> list[Write]:
        return [Write(f"{len(observation.samples)} ")]
    return policy


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(Scripted(counting)) as served:
        yield served


def interpret(served: Served, *audio: bytes, **settings: object) -> list[dict]:
    with served.connect() as client:
        return on(client, *audio, **settings)


def on(client: ClientConnection, *audio: bytes, **settings: object) -> list[dict]:
    tell(client, **{"sample_rate": 16_000, **settings})
    for part in audio:
        client.send(part)
    tell(client, end_of_stream=True)
    return hear_all(client)


def refused(client: ClientConnection) -> tuple[str, int]:
    """The error's code and the close code, once it has been told."""
    code = ""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            code = hear(client).get("error", {}).get("code", code)
    return code, closed.value.rcvd.code


def lives(served: Served) -> None:
    soon(lambda: served.service.info()["sessions"]["taken"] == 0, "the seat is free again")
    assert standing(interpret(served, SHORT)) == "2000 2000 2000 2000 100 "


def test_a_session_is_simulstreams_with_more_beside_it(served: Served):
    greeting, begun, *answers, end = interpret(
        served, SHORT[:3], SHORT[3:], metrics_metadata={"wav_name": "a.wav"})
    assert greeting["protocol"] == 1 and greeting["new"] == greeting["deleted"] == ""
    assert len(begun["session"]) == 8 and begun["target_lang"] == "de"
    assert standing(answers) == "2000 2000 2000 2000 100 "
    assert end["end_of_processing"] is True and "new" not in end
    said = [a for a in answers if a["new"]]
    assert [a["source_s"] for a in said] == [0.125, 0.25, 0.375, 0.5, 0.50625]
    assert [m["id"] for m in (begun, *answers, end)] == list(range(len(answers) + 2))
    for answer in said:
        assert answer["source_s"] <= answer["received_s"] == 0.50625
        assert answer["arrived_s"] <= answer["written_s"] <= answer["sent_s"]


def test_audio_at_another_rate_and_encoding_is_heard_the_same(served: Served):
    floats = np.zeros(24_000, "<f4").tobytes()
    messages = interpret(served, floats, sample_rate=48_000, encoding="pcm_f32le")
    assert sum(map(int, standing(messages).split())) == 8_000


def test_one_connection_carries_one_stream_after_another(served: Served):
    with served.connect() as client:
        first, second = on(client, SHORT), on(client, SHORT, SHORT)
    assert standing(first) == "2000 2000 2000 2000 100 "
    assert len(standing(second).split()) == 9
    sessions = [m["session"] for m in first + second if "session" in m]
    assert len(set(sessions)) == 2


def test_a_stream_may_hold_no_audio(served: Served):
    assert standing(interpret(served)) == "0 "


def test_half_a_sample_at_the_end_is_left_out_and_told(served: Served):
    messages = interpret(served, SHORT, b"x")
    assert "within a sample" in next(m["warning"] for m in messages if "warning" in m)
    assert standing(messages) == "2000 2000 2000 2000 100 "


def test_what_is_said_goes_out_before_the_exchange_is_over():
    go_on = threading.Event()

    def make() -> Policy:
        def policy(observation: Observation) -> Iterator[Write]:
            yield Write("first ")
            assert go_on.wait(10)
            yield Write("second", retract_chars=6)
        return policy

    with serving(Scripted(make)) as served, served.connect() as client:
        client.send(SECOND[:4000])
        while hear(client).get("new") != "first ":
            pass
        go_on.set()
        last = hear(client)
        assert (last["new"], last["deleted"]) == ("second", "first ")


def test_speech_comes_only_to_who_asks_for_it():
    ramp = np.linspace(-1, 1, 50, dtype=np.float32)

    def make() -> Policy:
        def policy(observation: Observation) -> list[Write]:
            if not observation.is_last:
                return []
            word = Word("ja", 0.0, 0.002)
            return [Write("ja", Speech(ramp, 22_050), words=(word,)), Write(cancel_audio=True)]
        return policy

    with serving(Scripted(make)) as served:
        assert not [m for m in interpret(served, SHORT) if "speech" in m]
        one, cancel = (m["speech"] for m in interpret(served, SHORT, speech="pcm_f32le")
                       if "speech" in m)
    assert one["sample_rate"] == 22_050 and one["words"] == [["ja", 0.0, 0.002]]
    assert (np.frombuffer(one["data"], "<f4") == ramp).all()
    assert cancel["cancel"] is True and cancel["bytes"] == 0


def test_a_pipelines_stages_work_at_the_same_time():
    is_second = threading.Event()

    def first(observation: Observation) -> list[Write]:
        if observation.chunk is not None and observation.chunk.start_s > 0:
            is_second.set()
        return [Write("x")]

    def second(observation: Observation) -> list[Write]:
        # what the first chunk gave is worked on while the stage before hears the next
        assert is_second.wait(10)
        return [Write("y")] if observation.write else []

    class Two(System):
        def open(self, task: Task) -> Session:
            return PipelineSession([
                Stage("a", FromFunction(first)),
                Stage("b", FromFunction(second), ("a",), output=True),
            ])

    with serving(Two()) as served:
        assert standing(interpret(served, SHORT)) == "yyyyy"


def test_sessions_share_a_system_and_not_their_words():
    """Sessions of one system never work at the same time, and each has a state of its own."""
    inside = threading.Lock()

    def make() -> Policy:
        heard = 0

        def policy(observation: Observation) -> list[Write]:
            nonlocal heard
            assert inside.acquire(blocking=False)
            heard += len(observation.samples)
            inside.release()
            return [Write(f"{heard} ")] if observation.is_last else []
        return policy

    with serving(Scripted(make)) as served:
        found: dict[int, str] = {}

        def listen(n: int) -> None:
            found[n] = standing(interpret(served, *[SECOND] * n))

        threads = [threading.Thread(target=listen, args=(n,)) for n in (1, 2, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {n: f"{n * 16_000} " for n in (1, 2, 3)}


def test_one_session_too_many_is_told_so_and_a_seat_comes_free(served: Served):
    with serving(Scripted(counting), Bounds(sessions=1)) as served:
        with served.connect() as client:
            hear(client)
            with served.connect() as late:
                assert refused(late) == ("full", 1013)
        lives(served)


def test_a_system_may_hold_fewer_sessions_than_asked_for():
    class Alone(Scripted):
        sessions = 1

    with serving(Alone(counting), Bounds(sessions=8)) as served:
        assert served.service.info()["sessions"]["most"] == 1


@pytest.mark.parametrize(("messages", "code", "close"), [
    (["nonsense"], "bad_message", 1007),
    (['{"sample_rate": NaN}'], "bad_setting", 1008),
    (['{"source_lang": 3}'], "bad_setting", 1008),
    (['{"x": "' + "y" * 70_000 + '"}'], "flood", 1008),
    (["{}"] * 1001, "flood", 1008),
    ([b""] * 1001, "flood", 1008),
    (['{"speech": "pcm_s16le"}', SECOND], "unsupported", 1008),
    ([SECOND, '{"target_lang": "fr"}'], "too_late", 1008),
    (['{"encoding": "pcm_f32le"}', np.array([np.inf], "<f4").tobytes()], "bad_audio", 1007),
    ([SECOND, SECOND, SECOND], "too_long", 1008),
    ([b"x" * 70_000], "", 1009),
])
def test_what_cannot_be_taken_is_refused_and_the_server_lives_on(messages, code, close):
    class TextOnly(Scripted):
        outputs = frozenset({"text"})

    limits = Bounds(message_bytes=2**20 if code == "flood" else 65_536, session_s=2.5)
    with serving(TextOnly(counting), limits) as served:
        with served.connect() as client:
            try:
                for message in messages:
                    client.send(message)
            except ConnectionClosed:
                pass  # it was refused before all was sent
            assert refused(client) == (code, close)
        lives(served)


MESSAGES = st.one_of(
    st.binary(max_size=5000),
    st.text(max_size=50),
    st.dictionaries(
        st.sampled_from(["sample_rate", "source_lang", "target_lang", "encoding", "speech",
                         "end_of_stream", "metrics_metadata"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9),
                  st.sampled_from([16_000, 48_000, "de", "fr", "pcm_s16le", "pcm_f32le"])),
    ).map(json.dumps),
)


@pytest.mark.slow
def test_whatever_is_said_the_server_lives_on(served: Served):
    """Any messages in any order: each connection ends with all said, a reason, or is left."""
    @settings(max_examples=300)
    @given(st.lists(MESSAGES, max_size=8))
    def talk(messages: list[str | bytes]) -> None:
        with served.connect() as client:
            try:
                for message in messages:
                    client.send(message)
                tell(client, end_of_stream=True)
                hear_all(client)
            except ConnectionClosed as closed:
                assert closed.rcvd is not None and closed.rcvd.code in (1007, 1008)

    talk()
    lives(served)


def test_a_language_the_system_does_not_know_is_refused_in_its_words():
    class Choosy(Scripted):
        def supports(self, task: Task) -> str | None:
            return None if task.target_lang == "de" else f"knows no {task.target_lang}"

    with serving(Choosy(counting)) as served:
        assert served.service.info()["pairs"][0] == ["en", "de"]
        assert {target for _, target in served.service.info()["pairs"]} == {"de"}
        with served.connect() as client:
            tell(client, target_lang="fr")
            client.send(SECOND)
            assert hear(client)["protocol"] == 1
            assert hear(client)["error"] == {"code": "unsupported", "message": "knows no fr"}
        lives(served)


def test_who_says_nothing_is_let_go_but_not_who_waits_for_answers():
    go_on = threading.Event()

    def make() -> Policy:
        def policy(observation: Observation) -> list[Write]:
            assert not observation.is_last or go_on.wait(10)
            return [Write("x")] if observation.is_last else []
        return policy

    with serving(Scripted(make), Bounds(idle_s=0.1)) as served:
        with served.connect() as client:
            assert refused(client) == ("idle", 1008)
        with served.connect() as client:
            client.send(SECOND)
            tell(client, end_of_stream=True)
            threading.Timer(0.4, go_on.set).start()
            assert standing(hear_all(client)) == "x"
            assert refused(client) == ("idle", 1008)


@pytest.mark.parametrize("how", ["aborted", "closed"])
def test_a_client_that_vanishes_frees_its_session(how: str):
    closed = threading.Event()

    class Watched(Scripted):
        def open(self, task: Task) -> Session:
            session = super().open(task)
            session.close = closed.set  # type: ignore[method-assign]
            return session

    with serving(Watched(counting)) as served:
        client = served.connect(legacy=True)
        client.send(SECOND)
        soon(lambda: any("en to de" in line for line in served.said), "the session has begun")
        client.close() if how == "closed" else client.socket.close()
        assert closed.wait(5)
        lives(served)


@pytest.mark.parametrize(("policy", "says"), [
    (lambda o: 1 / 0, "ZeroDivisionError"),
    (lambda o: [Write(retract_chars=5)], "took back 5 characters where 0 stood"),
    (lambda o: [Write("\ud800")], "not valid Unicode"),
    (lambda o: 7, "policy returned int"),
])
def test_a_system_that_fails_costs_its_session_only(policy: Policy, says: str):
    answers = iter([policy, counting()])

    with serving(Scripted(lambda: next(answers))) as served:
        with served.connect() as client:
            client.send(SECOND)
            hear(client), hear(client)
            told = hear(client)
            while "error" not in told:
                told = hear(client)
            assert told["error"]["code"] == "system_failed" and says in told["error"]["message"]
            assert refused(client)[1] == 1011
        lives(served)


def test_a_system_that_hangs_is_told_of_and_keeps_its_seat():
    stuck = threading.Event()

    def make() -> Policy:
        return lambda observation: stuck.wait(30) and Read()

    with serving(Scripted(make), Bounds(sessions=1), limits=Limits(call_s=0.1)) as served:
        with served.connect() as client:
            client.send(SECOND)
            assert refused(client) == ("system_hung", 1011)
        assert served.service.info()["sessions"]["taken"] == 1
        stuck.set()
        soon(lambda: served.service.info()["sessions"]["taken"] == 0, "it came back")


def test_who_sends_faster_than_the_system_hears_is_slowed_down(monkeypatch):
    monkeypatch.setattr(serve_stream, "BACKLOG_S", 2.0)
    entered, go_on = threading.Event(), threading.Event()
    sources: list[LiveSource] = []

    def make() -> Policy:
        def policy(observation: Observation) -> list[Write]:
            entered.set()
            assert go_on.wait(10)
            return [Write("x")]
        return policy

    with serving(Scripted(make)) as served, served.connect() as client:
        run = served.service.engine.run

        def watched(task: Task, source: LiveSource, *rest: Any) -> None:
            sources.append(source)
            run(task, source, *rest)

        monkeypatch.setattr(served.service.engine, "run", watched)

        def flood() -> None:
            client.send(SECOND)
            assert entered.wait(10)  # a system that asks for more is given more
            for _ in range(59):
                client.send(SECOND)
            tell(client, end_of_stream=True)

        sender = threading.Thread(target=flood)
        sender.start()
        soon(lambda: sources and sources[0].backlog_s >= 2.0, "a backlog")
        assert not sender.join(0.1) and sources[0].backlog_s <= 3.0
        go_on.set()
        assert len(standing(hear_all(client))) == 60 * 8
        sender.join()


def test_who_does_not_read_is_cut_off(monkeypatch):
    monkeypatch.setattr(serve_stream, "QUEUE_BYTES", 100_000)
    has_stopped = threading.Event()

    def make() -> Policy:
        def flood(observation: Observation) -> Iterator[Write]:
            try:
                while True:
                    yield Write("flood " * 1000)
            finally:
                has_stopped.set()
        return flood

    endless = Limits(writes_per_recording=None, chars_per_recording=None)
    with serving(Scripted(make), limits=endless) as served:
        with served.connect(max_queue=1, close_timeout=0.1) as client:
            client.send(SECOND)
            assert has_stopped.wait(10)
        soon(lambda: served.service.info()["sessions"]["taken"] == 0, "the seat is free again")
        assert any("slow_reader" in line for line in served.said)


def test_shutting_down_is_told():
    with serving(Scripted(counting)) as served:
        client = served.connect(legacy=True)
        client.send(SECOND)
        soon(lambda: served.said, "the session has begun")
    assert refused(client) == ("shutting_down", 1001)


@pytest.mark.slow
@pytest.mark.parametrize("overrides", [
    ["system=wait_k"], ["system=emma"], ["system=ctc_gate"],
    ["system=eager", "system.inner=reference"],
    ["system=local_agreement", "system.inner=cascade_conference"],
])
def test_systems_of_this_package_say_what_they_say_in_a_replay(overrides, tmp_path):
    registry = Registry()
    config = compose_serve([*overrides, "dataset.pair=en-de"], registry=registry)
    system = build_system(config.system, registry)
    path = Path(__file__).parents[2] / "datasets/conference/audio/en/en-hand-test-003.opus"
    samples = read_audio(path, rate_hz=16_000)
    with serving(system, chunk_s=config.chunk_s, limits=config.limits) as served:
        heard = standing(interpret(served, bytes_of(samples, "pcm_f32le"), encoding="pcm_f32le"))
    for name in ("pieces", "spool"):
        (tmp_path / name).mkdir()
    recording = Recording("r", AudioSource(path), "en", ("de",), ())
    options = ReplayOptions(clock="ideal", chunk_s=config.chunk_s, outputs=("text",))
    trace = replay(system, recording, "de", options, tmp_path).whole()
    assert heard == final_text(trace) != ""


# --- plain requests ------------------------------------------------------------------------------


def ask(served: Served, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def test_the_page_and_its_parts_come_from_the_same_port_and_may_load_nothing_else(served: Served):
    status, headers, body = ask(served, "/")
    assert status == 200 and headers["Content-Type"].startswith("text/html")
    assert headers["X-Content-Type-Options"] == "nosniff"
    rules = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == "'none'" and rules["script-src"] == "'self'"
    assert b"http:" not in body and b"https:" not in body and b"<script>" not in body
    for path in ("/page.js", "/page.css", "/capture.js"):
        assert ask(served, path)[0] == 200
    assert ask(served, "/?x=/page.js/")[0] == 200
    for path in ("/../server.py", "/%2e%2e/server.py", "/web.py", "//etc/passwd", "//["):
        assert ask(served, path)[0] == 404


def test_other_sites_and_other_names_are_kept_out(served: Served):
    assert ask(served, "/", Host="evil.example")[0] == 403
    assert ask(served, "/info", Origin="http://evil.example")[0] == 403
    with pytest.raises(InvalidStatus, match="403"):
        served.connect(origin="http://evil.example")
    with served.connect(origin=f"http://127.0.0.1:{served.port}") as client:
        assert hear(client)["protocol"] == 1


def test_a_token_guards_sessions_and_what_is_said_of_the_service():
    with serving(Scripted(counting), token="s3cret") as served:
        assert ask(served, "/")[0] == 200
        assert ask(served, "/info")[0] == 401
        assert json.loads(ask(served, "/info?token=s3cret")[2])["system"] == ""
        with pytest.raises(InvalidStatus, match="401"):
            served.connect()
        with served.connect(additional_headers={"Authorization": "Bearer s3cret"}) as client:
            assert hear(client)["protocol"] == 1


# --- what cannot be served -----------------------------------------------------------------------


def served_as(**attributes: object) -> Callable[[], System]:
    return type("Odd", (Scripted,), attributes)


@pytest.mark.parametrize(("attributes", "why"), [
    ({"privileged": True}, "shown the references"),
    ({"sources": frozenset({"text"})}, "takes text"),
])
def test_what_cannot_be_served_says_why(attributes, why):
    with pytest.raises(UsageError, match=why), serving(served_as(**attributes)(counting)):
        pass


@pytest.mark.parametrize("bad", [
    {"sessions": 0}, {"idle_s": 0.0}, {"idle_s": float("nan")}, {"session_s": -1.0},
    {"message_bytes": 10},
])
def test_bounds_are_checked(bad):
    with pytest.raises(UsageError, match="--"):
        serve_bounds.Bounds(**bad)
