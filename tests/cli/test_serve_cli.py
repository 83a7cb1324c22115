"""``s2st-bench serve`` as a process: what it says, how it stops, what it refuses."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("websockets", reason="needs the extra serve")

from typer.testing import CliRunner
from websockets.sync.client import connect

from s2st_bench.audio import read_audio, write_wav
from s2st_bench.cli import app
from s2st_bench.cli.completion import complete
from s2st_bench.serve.protocol import bytes_of
from s2st_bench.store import RunFolder
from s2st_bench.timeline import final_text
from serving import hear_all, standing, tell

PROGRAM = (sys.executable, "-m", "s2st_bench")
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
CASCADE = ("cascade_conference", "dataset.pair=en-de")


@contextmanager
def service(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A service as a process of its own; its WebSocket's address."""
    process = subprocess.Popen(
        [*PROGRAM, "serve", *arguments, "--port", "0"], env=ENVIRONMENT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        if not lines[1]:
            pytest.fail(f"it did not start: {process.communicate()[1]}")
        yield lines[1].split()[1], process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def call(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], env=ENVIRONMENT, text=True, check=False,
                          capture_output=True, cwd=cwd, timeout=300)


def test_a_bare_name_is_served_until_interrupted():
    with service("silent", "dataset.pair=en-de", "--sessions", "2") as (url, process):
        with connect(url, proxy=None) as client:
            client.send(bytes(32_000))
            tell(client, end_of_stream=True)
            assert standing(hear_all(client)) == ""
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]
    assert process.returncode == 0 and url.startswith("ws://127.0.0.1:")
    assert "serving silent, en to de, 2 sessions at a time" in said
    assert "1.0 s of audio" in said and said.endswith("stopped\n")
    assert "WARNING" not in said


@pytest.mark.parametrize(("arguments", "says"), [
    (["interpreter"], "it is a control"),
    pytest.param(["served"], "it is a service itself", marks=pytest.mark.slow),
    (["cascad"], "Did you mean system=cascade ?"),
    pytest.param([], "system is missing", marks=pytest.mark.slow),
    (["silent", "--token-env", "NOT_SET_HERE"], "NOT_SET_HERE: the variable is not set"),
    pytest.param(["silent", "--host", "256.0.0.1"], "cannot listen on 256.0.0.1",
                 marks=pytest.mark.slow),
])
def test_what_cannot_be_served_is_one_line_and_exit_2(arguments, says):
    done = CliRunner().invoke(app, ["serve", *arguments])
    assert done.exit_code == 2 and says in done.stderr and done.stdout == ""


def test_a_port_that_is_taken_is_told_before_anything_is_loaded():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(app, ["serve", "silent", "--port", str(port)])
    assert done.exit_code == 2 and f"cannot listen on 127.0.0.1, port {port}" in done.stderr
    assert "loading" not in done.stderr


@pytest.mark.slow
def test_beyond_loopback_it_warns_loudly():
    with service("silent", "--host", "0.0.0.0") as (_, process):
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    assert "WARNING: listening on 0.0.0.0 without a token" in said


def test_help_loads_nothing_heavy():
    heavy = ("torch", "numpy", "hydra", "omegaconf", "yaml", "websockets", "asyncio")
    code = ("import sys; from s2st_bench.cli import app\n"
            "try: app(['serve', '--help'])\n"
            "except SystemExit as e: assert e.code == 0\n"
            f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True,
                          env=ENVIRONMENT)
    assert done.stderr.strip() == "[]"
    assert "127.0.0.1" in done.stdout and "--idle-timeout" in done.stdout


def test_systems_and_options_are_completed():
    assert "system=cascade" in complete([], "system=casc", (), "serve")
    keys = complete(["system=cascade"], "", (), "serve")
    assert {"source_lang=", "chunk_s=", "system.tts="} <= {*keys} and "dataset=" not in keys


@pytest.mark.slow
def test_sessions_at_the_same_time_are_as_good_as_alone():
    """One loaded cascade, three listeners: each gets what it would get alone."""
    names = ("en-hand-test-001", "en-hand-test-003", "en-hand-test-004")
    audio = [(ROOT / f"datasets/conference/audio/en/{name}.opus") for name in names]
    parts = [bytes_of(read_audio(path, rate_hz=16_000), "pcm_s16le") for path in audio]

    def interpret(part: bytes) -> str:
        with connect(url, proxy=None) as client:
            client.send(part)
            tell(client, end_of_stream=True)
            return standing(hear_all(client))

    with service(*CASCADE) as (url, _):
        alone = [interpret(part) for part in parts]
        with ThreadPoolExecutor(3) as pool:
            together = list(pool.map(interpret, parts))
    assert together == alone and all(alone)


@pytest.mark.slow
def test_simulstreams_own_client_is_served(tmp_path: Path):
    pytest.importorskip("simulstream", reason="needs the extra peers")
    for name in ("en-hand-test-001", "en-hand-test-003"):
        samples = read_audio(ROOT / f"datasets/conference/audio/en/{name}.opus", rate_hz=22_050)
        write_wav(tmp_path / f"{name}.wav", samples, 22_050)
    files = tmp_path / "files.txt"
    files.write_text("en-hand-test-001.wav\nen-hand-test-003.wav\n")
    with service(*CASCADE) as (url, process):
        done = subprocess.run(
            [sys.executable, "-c", "from simulstream.client.wav_reader_client import cli_main; "
             "cli_main()", "--uri", url, "--wav-list-file", str(files), "--src-lang", "en",
             "--tgt-lang", "de"],
            text=True, capture_output=True, timeout=120, check=False,
        )
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]
    assert done.returncode == 0, done.stderr
    assert "All 2 files sent" in done.stderr
    assert said.count(": done, ") == 2 and "22050 Hz" in said


@pytest.mark.slow
def test_a_corpus_through_the_service_gives_the_same_text_as_in_process(tmp_path: Path):
    """In real time, with speech; several recordings."""
    common = ("clock=realtime", "dataset=conference", "dataset.pair=en-de", "dataset.limit=4",
              "score=false", f"out={tmp_path}")
    with service(*CASCADE) as (url, _):
        far = call("run", "system=served", f"system.url={url}", "system.speech=true", "name=far",
                   *common, cwd=tmp_path)
        assert far.returncode == 0, far.stderr
    near = call("run", "system=cascade_conference", "name=near", *common, cwd=tmp_path)
    assert near.returncode == 0, near.stderr
    heard, known = (list(RunFolder(tmp_path / name).traces()) for name in ("far", "near"))
    assert len(heard) == len(known) == 4
    for there, here in zip(heard, known, strict=True):
        assert there.error is None and there.recording_id == here.recording_id
        assert final_text(there) == final_text(here) != ""
        assert [piece.length for piece in there.pieces] == [piece.length for piece in here.pieces]
        answers = [job for step in there.steps for job in step.jobs]
        assert all(0 <= job.network_s <= job.compute_s for job in answers)
        assert there.kind == "stream"


@pytest.mark.slow
def test_our_adapter_of_simulstreams_servers_reads_this_one(tmp_path: Path):
    """It knows nothing of our additions, and passes over them."""
    common = ("dataset=conference", "dataset.pair=en-de", "dataset.limit=2", "score=false",
              f"out={tmp_path}")
    with service(*CASCADE) as (url, _):
        far = call("run", "system=simulstream_ws", f"system.url={url}", "clock=realtime",
                   "name=far", *common, cwd=tmp_path)
    near = call("run", "system=cascade_conference", "clock=ideal", "name=near", *common,
                cwd=tmp_path)
    assert far.returncode == near.returncode == 0, far.stderr + near.stderr
    texts = [[final_text(trace) for trace in RunFolder(tmp_path / name).traces()]
             for name in ("far", "near")]
    assert texts[0] == texts[1] and all(texts[0])
