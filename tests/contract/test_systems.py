"""What every system must hold to, for every operating point that ships with it."""

import dataclasses
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import tiny_recognisers
import tiny_speech2text
from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import ConfigError, DependencyError, UsageError
from s2st_bench.registry import Registry
from s2st_bench.system import Observation, PipelineSession, StreamSystem
from s2st_bench.types import (
    AudioChunk,
    AudioSource,
    Read,
    Recording,
    Segment,
    Speech,
    Task,
    TextChunk,
    TextSource,
    Word,
    Write,
)

REGISTRY = Registry()
OPTIONS = sorted(REGISTRY.options("systems").items())
RATE_HZ = 16_000
CHUNK = 5_120
SAMPLES = np.random.default_rng(1).normal(0, 0.05, 3 * RATE_HZ).astype(np.float32)
SOURCE_WORDS = ("guten", "Tag", "liebe", "Gäste")
REFERENCE = "good day dear guests"
CALLS = 10_000
LANGUAGES = ("en", "es", "de")
TINY = {"seamless": lambda folder: tiny_speech2text.seamless(folder, speech=True, layers=4),
        "speech2text": tiny_recognisers.whisper}
"""Makers of small checkpoints for systems whose weights are the user's (option ``model``)."""
SMALL = {"max_new_tokens": 8}
WITHOUT_WORK = {"compute": 0.0, "burst_compute_s": 0.0}
"""Simulated computation, which the protocol does not depend on, is not waited for."""


def configured(path: Path) -> Choice:
    values = yaml.safe_load(path.read_text("utf-8"))
    return Choice(values.pop("name"), values)


def marked(name, path):
    """A case; slow where a checkpoint is made and loaded."""
    marks = [pytest.mark.slow] if configured(path).name in TINY else []
    return pytest.param(path, id=name, marks=marks)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The folder of a small checkpoint for a system, made once."""
    root = tmp_path_factory.mktemp("tiny")

    def folder(name):
        place = root / name
        if not place.exists():
            TINY[name](place)
        return str(place)

    return folder


@pytest.fixture(params=[marked(name, path) for name, path in OPTIONS])
def choice(request, tiny):
    found = configured(request.param)
    missing = REGISTRY.get("systems", found.name).missing()
    if missing:
        pytest.skip(f"{found.name} needs {', '.join(missing)}")
    if found.name in TINY:
        return Choice(found.name, {**found.params, "model": tiny(found.name), **SMALL})
    faster = {key: value for key, value in WITHOUT_WORK.items() if key in found.params}
    return Choice(found.name, {**found.params, **faster})


@pytest.fixture
def system(choice):
    try:
        return build_system(choice, REGISTRY)
    except ConfigError as error:
        if "system." in str(error):  # names the option that only a user can fill
            pytest.skip(f"{choice.name} adapts a part of the user's: {error}")
        raise


def a_recording(mode):
    words = tuple(Word(w, 0.7 * i, 0.7 * i + 0.6) for i, w in enumerate(SOURCE_WORDS))
    references = {lang: (REFERENCE,) for lang in LANGUAGES}
    segment = Segment("s", 0.0, 3.0, " ".join(SOURCE_WORDS), references, words=words)
    source = AudioSource(Path("unused.wav")) if mode == "speech" else TextSource(SOURCE_WORDS)
    return Recording("r", source, "de", LANGUAGES, (segment,))


def a_task(system):
    """A task the system supports, in the first language pair that it takes."""
    reasons = []
    for mode, source, target in itertools.product(sorted(system.sources), LANGUAGES, LANGUAGES):
        task = Task(source, target, mode, system.outputs, RATE_HZ)
        if (reason := system.supports(task)) is None:
            return task
        reasons.append(reason)
    pytest.skip(f"supports none of the tried tasks: {reasons[0]}")


def load(system):
    if isinstance(system, StreamSystem):
        pytest.skip("a stream is tested against its service")
    try:
        system.load()
    except DependencyError as error:
        pytest.skip(str(error))  # only this operating point needs it


def opened(system, task):
    session = (
        system.open_control(task, a_recording(task.source)) if system.privileged
        else system.open(task)
    )
    if isinstance(session, PipelineSession):
        pytest.skip("a pipeline's stages are run by the replay")
    return session


def chunks(task):
    if task.source == "text":
        for i, word in enumerate(SOURCE_WORDS):
            yield TextChunk((word,), i, None, i + 1 == len(SOURCE_WORDS))
    else:
        for first in range(0, len(SAMPLES), CHUNK):
            yield AudioChunk(SAMPLES[first : first + CHUNK], RATE_HZ, first / RATE_HZ,
                             first + CHUNK >= len(SAMPLES))


def exchange(session, chunk, task, stood):
    """All writes until the session reads; ``stood`` characters were written before."""
    said = []
    observation = Observation(chunk, is_last=chunk.is_last)
    for _ in range(CALLS):
        answer = session.policy(observation)
        if isinstance(answer, Read):
            assert answer.min_s >= 0
            return said, stood
        for write in (answer,) if isinstance(answer, Write) else answer:
            stood = check_write(write, task, stood)
            said.append(write)
            if write.is_final:
                return said, stood
        if not isinstance(answer, Write):
            return said, stood
        observation = Observation(is_last=chunk.is_last)
    pytest.fail(f"no READ within {CALLS} calls")


def check_write(write, task, stood):
    """A write fits what stood and what was asked for; returns how much stands after it."""
    assert isinstance(write, Write)
    assert 0 <= write.retract_chars <= stood
    write.text.encode()
    assert not write.text or "text" in task.outputs
    if write.audio is not None:
        assert "speech" in task.outputs
        check_speech(write.audio)
    return stood + len(write.text) - write.retract_chars


def check_speech(speech):
    assert isinstance(speech, Speech)
    assert speech.samples.dtype == np.float32 and speech.samples.ndim == 1
    assert np.isfinite(speech.samples).all() and np.abs(speech.samples).max(initial=0) <= 1


def listen(session, task):
    """What a session says to the whole recording, one tuple of writes a chunk."""
    stood, said = 0, []
    for chunk in chunks(task):
        writes, stood = exchange(session, chunk, task, stood)
        said.append(tuple(map(plain, writes)))
        if writes and writes[-1].is_final:
            break
    return said


def plain(write):
    """A write as values that compare."""
    row = {f.name: getattr(write, f.name) for f in dataclasses.fields(write)}
    if write.audio is not None:
        row["audio"] = (write.audio.samples.tobytes(), write.audio.sample_rate_hz)
    return tuple(row.items())


@pytest.mark.parametrize("name", REGISTRY.names("systems"))
def test_has_a_card_and_an_operating_point_of_its_own_name(name):
    plugin = REGISTRY.get("systems", name)
    assert plugin.card_path is not None and len(plugin.card_path.read_text("utf-8")) > 200
    assert plugin.state == "card" or name in REGISTRY.options("systems")
    assert plugin.summary


@pytest.mark.parametrize(("option", "path"), OPTIONS, ids=[name for name, _ in OPTIONS])
def test_operating_points_name_a_system_there_is(option, path):
    assert configured(path).name in REGISTRY.names("systems")


def test_says_what_it_supports(system):
    for mode, output in itertools.product(("speech", "text"), ("speech", "text")):
        reason = system.supports(Task("de", "en", mode, frozenset({output})))
        assert reason is None or (reason and "\n" not in reason)
        if mode not in system.sources or output not in system.outputs:
            assert reason is not None


def test_obeys_the_protocol_and_repeats_itself(system):
    task = a_task(system)
    load(system)
    first, second = opened(system, task), opened(system, task)
    said = listen(first, task)
    assert listen(second, task) == said
    for session in (first, second):
        session.close()
        session.close()


def test_interleaved_sessions_do_not_leak_into_each_other(system):
    task = a_task(system)
    load(system)
    alone = listen(opened(system, task), task)
    pair = [opened(system, task), opened(system, task)]
    stood, said = [0, 0], [[], []]
    for chunk in chunks(task):
        for i, session in enumerate(pair):
            writes, stood[i] = exchange(session, chunk, task, stood[i])
            said[i].append(tuple(map(plain, writes)))
        if writes and writes[-1].is_final:
            break
    assert said == [alone, alone]


def test_a_session_can_be_left_at_any_time(system):
    task = a_task(system)
    load(system)
    opened(system, task).close()
    session = opened(system, task)
    exchange(session, next(chunks(task)), task, 0)
    session.close()


def test_a_control_shows_nothing_to_others(system):
    """Only a control may need the recording."""
    if system.privileged:
        with pytest.raises(NotImplementedError):
            system.open(a_task(system))
    else:
        with pytest.raises(NotImplementedError):
            system.open_control(a_task(system), a_recording("speech"))


def test_a_missing_key_is_refused_by_the_name_of_its_variable(choice, system, monkeypatch):
    variable = REGISTRY.get("systems", choice.name).key
    if not variable:
        pytest.skip("needs no key")
    monkeypatch.delenv(variable, raising=False)
    assert REGISTRY.get("systems", choice.name).state == "key"
    with pytest.raises(UsageError, match=f"export {variable}="):
        system.load()
    monkeypatch.setenv(variable, "sk-test")
    # with its key it looks for the service, which is not here
    asked = []
    monkeypatch.setattr("s2st_bench.systems.websocket.system.check_listens",
                        lambda url, *rest: asked.append(url))
    system.load()
    assert len(asked) == 1


CONSTRUCT_ALL = """
import contextlib, sys, threading, yaml
from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import ConfigError
from s2st_bench.registry import Registry
registry = Registry()
for path in registry.options("systems").values():
    values = yaml.safe_load(path.read_text("utf-8"))
    name = values.pop("name")
    if not registry.get("systems", name).missing():
        with contextlib.suppress(ConfigError):
            build_system(Choice(name, values), registry)
heavy = {"torch", "onnxruntime", "pocketsphinx", "transformers", "simuleval"} & set(sys.modules)
print(sorted(heavy), threading.active_count())
"""


def test_construction_does_no_work():
    """Weights, engines and their packages wait for ``load``."""
    done = subprocess.run(
        [sys.executable, "-c", CONSTRUCT_ALL], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    assert done.stdout.strip() == "[] 1"
