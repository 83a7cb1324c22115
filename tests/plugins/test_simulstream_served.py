"""Systems of ours behind simulstream's servers say what a run has them say."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from s2st_bench.audio import read_audio, write_wav
from s2st_bench.errors import BenchError, ConfigError, SystemFailure
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.system import Observation, PipelineSession, Session, Stage, System
from s2st_bench.systems.simulstream.live import LiveReplay
from s2st_bench.timeline import final_text
from s2st_bench.types import AudioChunk, AudioSource, Read, Recording, Segment, Task, Write
from scripted import Scripted

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "systems" / "simulstream" / "docker"
RATE_HZ = 16_000
CHUNK_S = 0.2
TASK = Task("en", "de")
SAMPLES = (np.random.default_rng(3).integers(-9000, 9000, 23_456) / 32768).astype(np.float32)

needs_simulstream = pytest.mark.skipif(
    importlib.util.find_spec("simulstream") is None, reason="needs the simulstream extra"
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("served") / "talk.wav"
    write_wav(path, SAMPLES, RATE_HZ)
    segment = Segment("0", 0.0, len(SAMPLES) / RATE_HZ, references={"de": ("eins",)})
    return Recording("talk", AudioSource(path), "en", ("de",), (segment,))


def replayed(system: System, recording: Recording, folder: Path, target_lang: str = "de") -> str:
    for name in ("pieces", "spool"):
        (folder / name).mkdir(exist_ok=True)
    options = ReplayOptions(clock="ideal", chunk_s=CHUNK_S, outputs=("text",),
                            stages="sequential")
    trace = replay(system, recording, target_lang, options, folder).whole()
    assert trace.error is None, trace.error
    return final_text(trace)


def heard(live: LiveReplay, cut: int) -> str:
    text = ""
    pieces = [live.hear(SAMPLES[i : i + cut]) for i in range(0, len(SAMPLES), cut)]
    for write in [w for said in [*pieces, live.end()] for w in said]:
        text = text[: len(text) - write.retract_chars] + write.text
    live.close()
    return text


def peaks(read: Read) -> Any:
    """A policy that says each chunk's length and loudest sample, the last of them as a guess."""

    def make() -> Any:
        guess = ""

        def policy(observation: Observation) -> Iterator[Write]:
            nonlocal guess
            chunk = observation.chunk
            assert isinstance(chunk, AudioChunk)
            said = f"{len(chunk.samples)}:{chunk.samples.max(initial=0):.3f} "
            gone, guess = len(guess), "" if observation.is_last else "? "
            yield Write(said + guess, retract_chars=gone)
            return read

        return policy

    return make


@pytest.mark.parametrize("read", [Read(), Read(0.35), Read(0.05)])
@pytest.mark.parametrize("cut", [3_200, 1_000, 7_001])
def test_audio_in_any_pieces_is_heard_as_in_a_run(
    read: Read, cut: int, recording: Recording, tmp_path: Path
) -> None:
    system = Scripted(peaks(read))
    live = LiveReplay(system, TASK, CHUNK_S, threading.Lock())
    assert heard(live, cut) == replayed(system, recording, tmp_path)


def test_all_that_is_there_is_given_to_who_asks_for_all() -> None:
    live = LiveReplay(Scripted(peaks(Read(all_available=True))), TASK, CHUNK_S, threading.Lock())
    first, second = live.hear(SAMPLES[:3_200]), live.hear(SAMPLES[3_200:9_000])
    assert [w.text.partition(":")[0] for w in first + second] == ["3200", "5800"]
    live.close()


class Halves(System):
    """A pipeline: what its first stage says in figures, the second says in stars."""

    def open(self, task: Task) -> Session:
        class Figures(Session):
            def policy(self, observation: Observation) -> Iterator[Write]:
                if observation.samples is not None:
                    yield Write(str(len(observation.samples)))

        class Stars(Session):
            def policy(self, observation: Observation) -> Iterator[Write]:
                if observation.write is not None:
                    yield Write("*" * len(observation.write.text) + " ")

        return PipelineSession([
            Stage("figures", Figures()), Stage("stars", Stars(), ("figures",), output=True)])


def test_a_pipeline_says_what_its_last_stage_says(recording: Recording, tmp_path: Path) -> None:
    text = heard(LiveReplay(Halves(), TASK, CHUNK_S, threading.Lock()), 3_200)
    assert text == replayed(Halves(), recording, tmp_path) == "**** " * 8


def test_streams_of_a_system_take_turns() -> None:
    at_work, most = 0, 0

    def busy() -> Any:
        def policy(observation: Observation) -> list[Write]:
            nonlocal at_work, most
            at_work += 1
            most = max(most, at_work)
            time.sleep(0.005)
            at_work -= 1
            return [Write("x")]

        return policy

    system, turn = Scripted(busy), threading.Lock()
    lives = [LiveReplay(system, TASK, CHUNK_S, turn) for _ in range(3)]
    texts: list[str] = []
    clients = [threading.Thread(target=lambda live=live: texts.append(heard(live, 3_200)))
               for live in lives]
    for client in clients:
        client.start()
    for client in clients:
        client.join(20)
    assert texts == ["x" * 8] * 3 and most == 1 and not turn.locked()


def test_what_breaks_the_rules_fails_and_what_is_left_ends() -> None:
    def greedy() -> Any:
        return lambda observation: Write("x", retract_chars=5)

    live = LiveReplay(Scripted(greedy), TASK, CHUNK_S, threading.Lock())
    for _ in range(2):
        with pytest.raises(SystemFailure, match="took back 5 characters where 0 stood"):
            live.hear(SAMPLES[:3_200])
    live.close()

    def final() -> Any:
        return lambda observation: Write("done", is_final=True)

    live = LiveReplay(Scripted(final), TASK, CHUNK_S, threading.Lock())
    assert [w.text for w in live.hear(SAMPLES[:3_200])] == ["done"]
    assert live.hear(SAMPLES[:3_200]) == live.end() == []
    live.close()
    before = threading.active_count()
    left = LiveReplay(Scripted(peaks(Read())), TASK, CHUNK_S, threading.Lock())
    left.hear(SAMPLES[:100])
    left.close()
    assert threading.active_count() == before


def config(**changes: Any) -> SimpleNamespace:
    """As simulstream reads a processor's YAML file."""
    return SimpleNamespace(**{
        "type": "s2st_bench.systems.simulstream.processor.BenchProcessor", "system": "babble",
        "source_lang": "en", "target_lang": "de", "speech_chunk_size": CHUNK_S, **changes,
    })


@needs_simulstream
def test_a_system_as_a_processor(recording: Recording, tmp_path: Path) -> None:
    from simulstream.server.speech_processors import build_speech_processor

    from s2st_bench.systems.babble.babble import Babble

    shared = config(options=SimpleNamespace(words_per_s=4.0))
    first, second = build_speech_processor(shared), build_speech_processor(shared)
    assert first.load_model(shared) is second.load_model(shared)
    expected = replayed(Babble(words_per_s=4.0), recording, tmp_path)
    for processor in (first, second, first):
        outputs = [processor.process_chunk(SAMPLES[i : i + 3_200])
                   for i in range(0, len(SAMPLES), 3_200)]
        outputs.append(processor.end_of_stream())
        assert "".join(o.new_string for o in outputs) == expected
        assert all(processor.tokens_to_string(o.new_tokens) == o.new_string for o in outputs)
        processor.clear()


@needs_simulstream
def test_revisions_are_the_change_since_the_last_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    from s2st_bench.systems.simulstream import processor as module

    def revise() -> Any:
        said = iter([Write("ab cd"), Write("x", retract_chars=1), Write("e f", retract_chars=4)])
        return lambda observation: [next(said), next(said)] if observation.chunk.start_s else [
            next(said)]

    monkeypatch.setattr(module, "_built", lambda values: Scripted(revise))
    processor = module.BenchProcessor(config())
    first = processor.process_chunk(SAMPLES[:3_200])
    second = processor.process_chunk(SAMPLES[:3_200])
    assert (first.new_string, first.deleted_string) == ("ab cd", "")
    assert (second.new_string, second.deleted_string) == ("e f", "b cd")
    assert second.deleted_tokens == list("b cd")
    processor.clear()


@needs_simulstream
@pytest.mark.parametrize(("changes", "message"), [
    ({"system": "nothing"}, "no system named 'nothing'"),
    ({"system": None}, "system: NAME"),
    ({"system": "oracle"}, "cannot be served"),
    ({"options": 3}, "a mapping"),
    ({"options": SimpleNamespace(words=3)}, "options.words"),
])
def test_what_cannot_be_served_is_refused(changes: dict[str, Any], message: str) -> None:
    from simulstream.server.speech_processors import build_speech_processor

    with pytest.raises(BenchError, match=re.escape(message)):
        build_speech_processor(config(**changes))


@needs_simulstream
def test_a_pair_it_cannot_do_is_refused_with_the_first_audio() -> None:
    from s2st_bench.systems.simulstream import processor as module

    class Picky(Scripted):
        def supports(self, task: Task) -> str | None:
            return None if task.target_lang == "fr" else "only French"

    settings = config()
    settings.s2st_bench_loaded = module.Loaded(Picky(peaks(Read())))
    processor = module.BenchProcessor(settings)
    with pytest.raises(ConfigError, match="en-de: only French"):
        processor.process_chunk(SAMPLES[:3_200])
    processor.set_target_language("fr")
    assert processor.process_chunk(SAMPLES[:3_200]).new_string
    processor.clear()


def test_the_image_is_made_of_what_is_there() -> None:
    """Without Docker: what is copied exists, and what is installed is named as it is here."""
    lines = dockerfile()
    arguments = dict(line.removeprefix("ARG ").split("=", 1) for line in lines
                     if line.startswith("ARG "))
    copied = [
        source for line in lines if line.startswith("COPY ")
        for source in re.sub(r"\$\{(\w+)\}", lambda m: arguments[m[1]], line).split()[1:-1]
    ]
    assert len(copied) >= 12 and all((ROOT / source).exists() for source in copied)
    linked = {link.name for link in (ROOT / "s2st_bench").iterdir() if link.is_symlink()}
    assert linked <= set(copied)
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert all(f"\n{extra} = [" in project for extra in arguments["EXTRAS"].split(","))
    assert "\nsimulstream==" in (ROOT / "constraints.txt").read_text("utf-8")
    server = yaml.safe_load((DOCKER / "server.yaml").read_text("utf-8"))
    assert f"EXPOSE {server['port']}" in lines


@needs_simulstream
@pytest.mark.slow
def test_the_images_command_serves_the_cascade(recording: Recording, tmp_path: Path) -> None:
    """The command runs outside Docker, on the image's files; our adapter replays through it."""
    for package in ("pocketsphinx", "onnxruntime", "espeakng_loader", "soxr"):
        pytest.importorskip(package)
    import soxr

    from s2st_bench.build import build_system
    from s2st_bench.config import Choice
    from s2st_bench.registry import Registry
    from s2st_bench.speech import espeak
    from s2st_bench.systems.simulstream.over_http import SimulstreamHttp

    spoken = espeak.speak("we will meet again in the lecture hall", "en-us", 140)
    samples = soxr.resample(spoken.samples, spoken.sample_rate_hz, RATE_HZ).astype(np.float32)
    wav = tmp_path / "spoken.wav"
    write_wav(wav, np.concatenate([samples, np.zeros(12_000, np.float32)]), RATE_HZ)
    spoken_recording = replace(recording, id="spoken", source=AudioSource(wav))
    port = free_port()
    values = yaml.safe_load((DOCKER / "server.yaml").read_text("utf-8"))
    (tmp_path / "server.yaml").write_text(
        yaml.safe_dump({**values, "hostname": "127.0.0.1", "port": port}), "utf-8")
    processor = (DOCKER / "processor.yaml").read_text("utf-8")
    (tmp_path / "processor.yaml").write_text(processor, "utf-8")
    command = json.loads(dockerfile()[-1].removeprefix("CMD "))
    with process(command, tmp_path):
        over_http = SimulstreamHttp(url=f"http://127.0.0.1:{port}", ready_s=20)
        over_http.load()
        served = replayed(over_http, spoken_recording, tmp_path)
    settings = yaml.safe_load(processor)
    plain = yaml.safe_load((ROOT / "systems/cascade/config/cascade.yaml").read_text("utf-8"))
    del plain["name"]
    cascade = build_system(Choice("cascade", {**plain, **settings["options"]}), Registry())
    cascade.load()
    options = ReplayOptions(clock="ideal", chunk_s=settings["speech_chunk_size"],
                            outputs=("text",), stages="sequential")
    trace = replay(cascade, spoken_recording, "de", options, tmp_path).whole()
    assert served == final_text(trace) and len(served.split()) > 2


@needs_simulstream
@pytest.mark.slow
def test_simulstreams_client_on_its_server_hears_ours(
    recording: Recording, tmp_path: Path
) -> None:
    """Its WebSocket server and its client, as commands, with a system of ours between them."""
    for package in ("librosa", "websockets"):
        pytest.importorskip(package)
    from s2st_bench.systems.babble.babble import Babble

    port = free_port()
    (tmp_path / "server.yaml").write_text(yaml.safe_dump({
        "hostname": "127.0.0.1", "port": port, "pool_size": 1, "acquire_timeout": 5,
        "metrics": {"enabled": True, "filename": str(tmp_path / "metrics.jsonl")},
    }), "utf-8")
    (tmp_path / "processor.yaml").write_text(yaml.safe_dump(vars(config())), "utf-8")
    assert isinstance(recording.source, AudioSource)
    (tmp_path / "wavs.txt").write_text(f"{recording.source.path}\n", "utf-8")
    with process(["python", "-m", "simulstream.server.websocket_server", "--server-config",
                  "server.yaml", "--speech-processor-config", "processor.yaml"], tmp_path):
        wait_for(port)
        client = ["python", "-m", "simulstream.client.wav_reader_client", "--uri",
                  f"ws://127.0.0.1:{port}", "--wav-list-file", "wavs.txt",
                  "--chunk-duration-ms", "200", "--tgt-lang", "de", "--src-lang", "en"]
        done = subprocess.run(on_this_python(client), cwd=tmp_path, timeout=60,
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    said = "".join(t for row in rows for t in row.get("generated_tokens", ()))
    # simulstream 1.0.0's client sends the last piece of a file twice
    samples = read_audio(recording.source.path, rate_hz=RATE_HZ)
    again = samples[len(samples) // 3_200 * 3_200 :]
    path = tmp_path / "talk.wav"
    write_wav(path, np.concatenate([samples, again]), RATE_HZ)
    sent = replace(recording, source=AudioSource(path))
    assert said == replayed(Babble(), sent, tmp_path) and len(said.split()) > 2


def dockerfile() -> list[str]:
    """Its instructions, one a line."""
    text = (DOCKER / "Dockerfile").read_text("utf-8")
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [line for line in kept.replace("\\\n", " ").splitlines() if line.strip()]


def on_this_python(command: list[str]) -> list[str]:
    assert command[0] == "python", shlex.join(command)
    return [sys.executable, *command[1:]]


class process:
    """A server's command in ``folder``, ended at the end."""

    def __init__(self, command: list[str], folder: Path) -> None:
        path = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
        self.log = (folder / "server.log").open("w")
        self.running = subprocess.Popen(
            on_this_python(command), cwd=folder, env=path, stdout=self.log, stderr=self.log
        )

    def __enter__(self) -> None:
        return

    def __exit__(self, *reason: object) -> None:
        self.running.terminate()
        self.running.wait(10)
        self.log.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"nothing listens at {port}")
