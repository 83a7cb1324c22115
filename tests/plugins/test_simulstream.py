"""simulstream's processors say here what simulstream's own tools have them say.

The reference is the installed package: its inference, its HTTP and its WebSocket server, run over
small processors of ours (``tests/helpers/stream_processors.py``) and one of its own algorithms.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

for package in ("simulstream", "librosa", "websockets"):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs {package} (the simulstream extra)", allow_module_level=True)

from s2st_bench import runner  # noqa: E402
from s2st_bench.audio import write_wav  # noqa: E402
from s2st_bench.cli import app  # noqa: E402
from s2st_bench.compose import compose  # noqa: E402
from s2st_bench.corpora.fixtures import SENTENCES, make  # noqa: E402
from s2st_bench.errors import ConfigError, DependencyError  # noqa: E402
from s2st_bench.replay import ReplayOptions, replay  # noqa: E402
from s2st_bench.store import RunFolder  # noqa: E402
from s2st_bench.system import Observation, System  # noqa: E402
from s2st_bench.systems.simulstream.local import Simulstream  # noqa: E402
from s2st_bench.systems.simulstream.over_http import SimulstreamHttp  # noqa: E402
from s2st_bench.systems.simulstream.over_websocket import SimulstreamWs  # noqa: E402
from s2st_bench.timeline import final_text  # noqa: E402
from s2st_bench.types import AudioChunk, AudioSource, Recording, Segment, Task, Trace  # noqa: E402

PLUGINS = [Path(__file__).parent]
RATE_HZ = 16_000
CHUNK_S = 0.2
LENGTHS = (10_000, 6_400, 1_000)  # with a rest, an exact multiple of the chunk, less than one
REVISER = "stream_processors.Reviser"
WINDOW = "window_processor.LoudnessWindow"


def reviser(**changes: Any) -> dict[str, Any]:
    return {"speech_chunk_size": CHUNK_S, **changes}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    folder = tmp_path_factory.mktemp("sources")
    made = []
    for number, length in enumerate(LENGTHS):
        noise = np.random.default_rng(number).integers(-9000, 9000, length)
        path = folder / f"r{number}.wav"
        write_wav(path, (noise / 32768 * np.linspace(0.1, 1, length)).astype(np.float32), RATE_HZ)
        segment = Segment("0", 0.0, length / RATE_HZ, references={"de": ("eins zwei",)})
        made.append(Recording(path.stem, AudioSource(path), "en", ("de",), (segment,)))
    return made


def run(
    system: System, recording: Recording, folder: Path, clock: Any = "ideal", **changes: Any
) -> Trace:
    for name in ("pieces", "spool"):
        (folder / name).mkdir(exist_ok=True)
    options = ReplayOptions(clock=clock, chunk_s=CHUNK_S, **changes)
    return replay(system, recording, "de", options, folder).whole()


def said(trace: Trace) -> list[tuple[float, int, str]]:
    """Source given, characters taken back, text."""
    assert trace.error is None, trace.error
    return [(step.source_s, w.retract_chars, w.text) for step in trace.steps for w in step.writes]


def loaded(system: System) -> System:
    system.load()
    return system


@contextmanager
def http_server(
    processor_class: str, pool_size: int = 1, **options: Any
) -> Iterator[tuple[str, Any]]:
    """simulstream's own HTTP server; yields its address and its sessions."""
    from simulstream.server.speech_processors.remote import http_speech_processor_server as theirs

    manager = theirs.SpeechProcessorSessionManager(
        SimpleNamespace(type=processor_class, **options), pool_size, ttl=3600
    )
    handler = partial(theirs.HttpSpeechProcessorHandler, speech_processor_manager=manager)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", manager
        server.shutdown()
        thread.join()


@contextmanager
def websocket_server(processor_class: str, pool_size: int = 1, **options: Any) -> Iterator[str]:
    """simulstream's own WebSocket server."""
    from simulstream.server import websocket_server as theirs
    from websockets.asyncio.server import serve

    started = threading.Event()
    address: list[str] = []
    loop = asyncio.new_event_loop()

    async def main() -> None:
        config = SimpleNamespace(type=processor_class, **options)
        pool = theirs.SpeechProcessorPool(config, pool_size, acquire_timeout=0.2)
        handler = theirs.connection_handler_factory(pool)
        async with serve(handler, "127.0.0.1", 0, ping_timeout=None) as server:
            address.append(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            stop = asyncio.Event()
            address_and_stop.append(stop)
            started.set()
            await stop.wait()

    address_and_stop: list[asyncio.Event] = []
    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
    thread.start()
    assert started.wait(10)
    yield address[0]
    loop.call_soon_threadsafe(address_and_stop[0].set)
    thread.join()
    loop.close()


def their_log(
    processor_class: str, recordings: list[Recording], folder: Path, **options: Any
) -> list[list[dict[str, Any]]]:
    """The lines of simulstream's own inference, by recording."""
    from simulstream import inference
    from simulstream.metrics.logger import METRICS_LOGGER
    from simulstream.server.speech_processors import build_speech_processor

    path = folder / "metrics.jsonl"
    handler = logging.FileHandler(path)
    METRICS_LOGGER.addHandler(handler)
    METRICS_LOGGER.setLevel(logging.INFO)
    try:
        processor = build_speech_processor(SimpleNamespace(type=processor_class, **options))
        wavs = [str(r.source.path) for r in recordings if isinstance(r.source, AudioSource)]
        inference.run_inference(processor, wavs, "de", "en")
    finally:
        METRICS_LOGGER.removeHandler(handler)
        handler.close()
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [[row for row in rows if row["id"] == i and "metadata" not in row]
            for i in range(len(recordings))]


def shown(rows: list[dict[str, Any]]) -> tuple[dict[float, str], str]:
    """The text that stands after each amount of audio, and at the end."""
    tokens: list[str] = []
    stands = {}
    for row in rows:
        if gone := row["deleted_tokens"]:
            assert tokens[-len(gone):] == gone
            del tokens[-len(gone):]
        tokens += row["generated_tokens"]
        stands[round(row["total_audio_processed"], 6)] = "".join(tokens).replace("▁", " ").strip()
    return stands, "".join(tokens).replace("▁", " ").strip()


def standing(trace: Trace) -> dict[float, str]:
    """The same of a trace."""
    text, stands = "", {}
    for source_s, gone, new in said(trace):
        text = text[: len(text) - gone] + new
        stands[round(source_s, 6)] = text.strip()
    return stands


@pytest.mark.parametrize(("processor_class", "options"), [
    (REVISER, reviser()),
    (WINDOW, {"speech_chunk_size": CHUNK_S, "window_len": 1, "matching_threshold": 0.5}),
])
@pytest.mark.parametrize("text", ["strings", "spm"])
def test_in_process_equals_simulstreams_inference(
    processor_class: str, options: dict[str, Any], text: Any, recordings: list[Recording],
    tmp_path: Path,
) -> None:
    log = their_log(processor_class, recordings, tmp_path, **options)
    system = loaded(Simulstream(processor_class=processor_class, options=options, text=text))
    revised = 0
    for recording, rows in zip(recordings, log, strict=True):
        trace = run(system, recording, tmp_path)
        stands, final = shown(rows)
        assert final_text(trace).strip() == final
        assert standing(trace) == stands
        assert trace.chunking == "fixed"
        revised += sum(gone for _, gone, _ in said(trace))
    assert revised > 0


def test_a_yaml_file_names_class_and_options(recordings: list[Recording], tmp_path: Path) -> None:
    path = tmp_path / "processor.yaml"
    path.write_text(yaml.safe_dump({"type": REVISER, "speech_chunk_size": 9}), "utf-8")
    system = loaded(Simulstream(processor=path, options={"speech_chunk_size": 0.25},
                                codes={"de": "deu"}))
    trace = run(system, recordings[0], tmp_path)
    assert "en-deu" in final_text(trace)
    assert [s.source_s for s in trace.steps if s.writes][:2] == [0.25, 0.5]


def test_the_state_of_a_stream_is_its_own(recordings: list[Recording], tmp_path: Path) -> None:
    system = loaded(Simulstream(processor_class=REVISER, options=reviser()))
    alone = [said(run(system, recording, tmp_path)) for recording in recordings]
    assert [said(run(system, r, tmp_path)) for r in reversed(recordings)] == alone[::-1]
    sessions = [system.open(Task("en", "de")), system.open(Task("en", "fr"))]
    chunk = AudioChunk(np.full(3200, 0.5, np.float32), RATE_HZ, 0.0, False)
    texts = [[w.text for w in s.policy(Observation(chunk))] for s in sessions]  # type: ignore[union-attr]
    assert texts == [[" en-de 16384 perhaps"], [" en-fr 16384 perhaps"]]
    for session in sessions:
        session.close()
        session.close()


def test_one_session_at_a_time_where_the_class_shares_its_state() -> None:
    system = Simulstream(processor_class=REVISER, options=reviser(), concurrent=False)
    system.load()
    first = system.open(Task("en", "de"))
    assert system.sessions == 1
    with pytest.raises(Exception, match="one session at a time"):
        system.open(Task("en", "de"))
    first.close()
    system.open(Task("en", "de")).close()


@pytest.mark.parametrize(("settings", "message"), [
    ({"processor_class": "nowhere.Nothing"}, "PYTHONPATH"),
    ({"processor_class": "pathlib.Path"}, "not a simulstream SpeechProcessor"),
    ({"processor_class": REVISER, "pool_size": 0}, "at least 1"),
    ({"processor_class": WINDOW, "options": {"speech_chunk_size": 1}}, "window_len"),
    ({"processor": Path("none.yaml")}, "cannot be read"),
    ({}, "system.processor="),
])
def test_what_cannot_be_made_is_refused_in_one_message(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        Simulstream(**settings).load()
    assert "\n" not in str(raised.value)


def test_supports_only_what_a_processor_hears() -> None:
    system = Simulstream(processor_class=REVISER)
    assert system.supports(Task("en", "de")) is None
    assert "sample_rate_hz=16000" in str(system.supports(Task("en", "de", sample_rate_hz=48_000)))
    assert system.supports(Task("en", "de", "text")) and system.supports(
        Task("en", "de", outputs=frozenset({"speech"})))


def test_http_says_the_same_and_gives_its_processor_back(
    recordings: list[Recording], tmp_path: Path
) -> None:
    here = loaded(Simulstream(processor_class=REVISER, options=reviser()))
    with http_server(REVISER, **reviser()) as (url, manager):
        there = loaded(SimulstreamHttp(url=url))
        for recording, clock in zip(recordings, ("simulated", "realtime", "ideal"), strict=True):
            trace = run(there, recording, tmp_path, clock)
            assert said(trace) == said(run(here, recording, tmp_path))
            assert (trace.kind, trace.chunking) == ("policy", "fixed")
            jobs = [job for step in trace.steps for job in step.jobs]
            if clock != "ideal":
                assert all(0 <= job.network_s <= job.compute_s for job in jobs)
                assert any(job.network_s > 0 for job in jobs)
            assert manager.available.qsize() == 1
        by_tokens = loaded(SimulstreamHttp(url=url, text="spm"))
        text = final_text(run(by_tokens, recordings[0], tmp_path))
        assert text == final_text(run(here, recordings[0], tmp_path)).strip()


def test_http_sessions_at_a_time_are_apart_and_a_full_server_says_so(
    recordings: list[Recording], tmp_path: Path
) -> None:
    with http_server(REVISER, pool_size=2, **reviser()) as (url, manager):
        system = loaded(SimulstreamHttp(url=url))
        sessions = [system.open(Task("en", "de")), system.open(Task("cs", "fr"))]
        refused = run(system, recordings[0], tmp_path)
        assert refused.error is not None and "pool_size" in refused.error.message
        chunk = AudioChunk(np.full(3200, 0.5, np.float32), RATE_HZ, 0.0, False)
        texts = [[w.text for w in s.policy(Observation(chunk))] for s in sessions]  # type: ignore[union-attr]
        assert texts == [[" en-de 16384 perhaps"], [" cs-fr 16384 perhaps"]]
        for session in sessions:
            session.close()
        assert manager.available.qsize() == 2
        assert run(system, recordings[0], tmp_path).error is None


@pytest.mark.parametrize("kind", ["http", "ws"])
def test_a_processor_that_raises_costs_its_recording_only(
    kind: str, recordings: list[Recording], tmp_path: Path
) -> None:
    options = reviser(fail_after=1)
    server = http_server(REVISER, **options) if kind == "http" else websocket_server(
        REVISER, **options)
    with server as found:
        system: System = SimulstreamHttp(url=found[0]) if kind == "http" else SimulstreamWs(
            url=str(found))
        system.load()
        clock = "ideal" if kind == "http" else "realtime"
        failed = run(system, recordings[0], tmp_path, clock)
        assert failed.error is not None and "raise" in failed.error.message
        assert "\n" not in failed.error.message
        again = run(system, replace(recordings[2], id="short"), tmp_path, clock)
        assert final_text(again).endswith("end")


def test_websocket_says_the_same_in_real_time(
    recordings: list[Recording], tmp_path: Path
) -> None:
    here = loaded(Simulstream(processor_class=REVISER, options=reviser()))
    with websocket_server(REVISER, **reviser()) as url:
        there = loaded(SimulstreamWs(url=url))
        for recording in (recordings[0], recordings[2]):
            trace = run(there, recording, tmp_path, "realtime")
            assert final_text(trace) == final_text(run(here, recording, tmp_path))
            assert trace.kind == "stream"
            jobs = [job for step in trace.steps for job in step.jobs]
            assert jobs and all(job.network_s > 0 for job in jobs)


def test_a_full_websocket_server_says_so(recordings: list[Recording], tmp_path: Path) -> None:
    from websockets.sync.client import connect

    with websocket_server(REVISER, **reviser()) as url:
        with connect(url, proxy=None):
            refused = run(loaded(SimulstreamWs(url=url)), recordings[0], tmp_path, "realtime")
    assert refused.error is not None and "acquire_timeout" in refused.error.message


def test_a_submission_runs_and_is_certified(tmp_path: Path) -> None:
    """What an IWSLT image serves, on a talk laid out as MCIF: from HTTP to the certificate."""
    try:
        make("mcif", tmp_path / "mcif")
    except DependencyError as error:
        pytest.skip(str(error))
    words = []  # spread over their sentence, half a second later
    for start_s, end_s, k in [(0.4, 2.4, 0), (2.8, 4.72, 1), (5.12, 6.61, 2)]:
        said_s = np.linspace(start_s + 0.5, end_s, len(SENTENCES["de"][k].split()))
        words += [*zip(said_s.tolist(), SENTENCES["de"][k].split(), strict=True)]
    with http_server("stream_processors.Timed", speech_chunk_size=0.5, words=words) as (url, _):
        config = compose([
            "system=simulstream_http", f"system.url={url}", "dataset=mcif",
            f"dataset.path={tmp_path / 'mcif'}",
            f"dataset.segments={tmp_path / 'mcif' / 'segments.yaml'}", "dataset.form=long",
            "dataset.limit=1", "source_lang=en", "target_lang=de", f"out={tmp_path / 'runs'}",
            "metrics=[BLEU]", "warmup_s=0",
        ])
        path = runner.run(config)
    assert all(trace.error is None for trace in RunFolder(path).traces())
    log = tmp_path / "log"
    call = CliRunner().invoke
    done = call(app, ["convert", str(path), "--to", "simulstream", "--out", str(log)])
    assert done.exit_code == 0, done.output
    files = ["--references", log / "references.txt", "--segments", log / "segments.yaml"]
    found = []
    for target in ([path], [log, *files]):
        done = call(app, ["certify", *map(str, target), "--rules", "iwslt2026", "--dev", "mcif",
                          "--json", "-"])
        assert done.exit_code == 0, done.output
        found.append(json.loads(done.stdout))
    ours, submitted = found
    assert ours["missing"] == ["a log of simulstream or simuleval; this is run (s2st-bench convert "
                               "writes one)"]
    assert submitted["missing"] == [] and submitted["regime"] == "low"
    assert submitted["n_scored"] == 3 and submitted["value_ms"] == ours["value_ms"]
    assert 0 < submitted["value_ms"] < submitted["aware_ms"] < 1000
