"""The cascade over three servers on loopback: Kyutai, a chat endpoint and CosyVoice at once."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from kyutai_server import Kyutai, kyutai_server
from loopback import DONE, Answer, Handler, event, http_server, refuses, streams
from s2st_bench.audio import write_wav
from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import ConfigError
from s2st_bench.parts import StreamingTranslator
from s2st_bench.policy import Committer, LocalAgreement
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.stages import first_outputs_s, stage_text
from s2st_bench.system import Observation, System
from s2st_bench.systems.cascade.stages import END, MtStage, plain
from s2st_bench.systems.offline.offline import Offline
from s2st_bench.timeline import final_text
from s2st_bench.types import AudioSource, Job, Recording, Segment, Trace, Write

pytest.importorskip("msgpack", reason="msgpack is not installed")
pytest.importorskip("websockets", reason="websockets is not installed")

RATE = 16_000
WORDS = (("one", 2), ("two", 5), ("three", 9), ("four", 12))
GERMAN = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier"}
SPEECH = (np.sin(np.arange(4_800) * 0.1) * 9_000).astype("<i2").tobytes()
REALTIME = ReplayOptions(clock="realtime", chunk_s=0.16)


@pytest.fixture
def spoken(tmp_path: Path) -> Recording:
    """1.1 s of noise between silences."""
    noise = np.random.default_rng(0).normal(0, 0.1, int(1.1 * RATE)).astype(np.float32)
    silence = np.zeros(int(0.1 * RATE), np.float32)
    path = tmp_path / "noise.wav"
    write_wav(path, np.concatenate([silence, noise, silence]), RATE)
    segment = Segment("0", 0.0, 1.3, "one two three four", {"de": ("eins zwei drei vier",)})
    return Recording("r", AudioSource(path), "en", ("de",), (segment,))


def llama(handler: Handler) -> None:
    """Translates the last line of what it is asked, a word each 20 ms."""
    asked = json.loads(handler.body)["messages"][-1]["content"].rpartition("\n")[2]
    words = [GERMAN[word] for word in asked.split()]
    pieces: list[Any] = [event(f"{'' if not i else ' '}{word}") for i, word in enumerate(words)]
    waits = [lambda: time.sleep(0.02)] * len(pieces)
    mixed = [x for both in zip(waits, pieces, strict=True) for x in both]
    streams(*mixed, event(None, "stop"), DONE)(handler)


def voice(handler: Handler) -> None:
    """Speaks 0.4 s in two pieces, over 0.2 s."""
    streams(SPEECH, lambda: time.sleep(0.2), SPEECH, kind="audio")(handler)


@pytest.fixture
def servers() -> Iterator[dict[str, str]]:
    """Where three servers are."""
    with ExitStack() as stack:
        asr = stack.enter_context(kyutai_server(Kyutai(WORDS)))
        chats = stack.enter_context(http_server(llama))
        voices = stack.enter_context(http_server(voice))
        yield {"asr": asr.url, "mt": f"{chats.url}/v1", "tts": voices.url}


def preset(urls: dict[str, str]) -> System:
    path = Registry().options("systems")["cascade_concurrent"]
    values = yaml.safe_load(path.read_text("utf-8"))
    values["asr"] |= {"url": urls["asr"], "tries": 1, "timeout_s": 2.0}
    values["mt"] |= {"base_url": urls["mt"], "tries": 1, "timeout_s": 2.0}
    values["tts"] |= {"base_url": urls["tts"], "mode": "sft", "speaker": "x", "tries": 1,
                      "timeout_s": 2.0, "languages": ["de"]}
    values |= {"vad": "energy", "mt_every_words": 1, "tts_min_words": 1}
    system = build_system(Choice(values.pop("name"), values), Registry())
    system.load()
    return system


def run(system: System, spoken: Recording, folder: Path, options: ReplayOptions) -> Trace:
    for name in ("pieces", "spool"):
        (folder / name).mkdir(exist_ok=True)
    return replay(system, spoken, "de", options, folder).whole()


def test_its_stages_work_at_the_same_time(
    servers: dict[str, str], spoken: Recording, tmp_path: Path
) -> None:
    trace = run(preset(servers), spoken, tmp_path, REALTIME)
    assert trace.error is None
    assert stage_text(trace, "asr") == "one two three four"
    assert final_text(trace) == "eins zwei drei vier"
    jobs = {name: [job for step in trace.steps for job in step.jobs if job.stage == name]
            for name in ("vad", "asr", "mt", "tts")}
    assert any(overlap(a, b) for a, b in itertools.product(jobs["mt"], jobs["tts"]))
    for name in ("asr", "mt", "tts"):  # they wait for servers
        busy = max(jobs[name], key=lambda job: job.compute_s)
        assert 0.0 < busy.network_s <= busy.compute_s
    assert not any(job.network_s for job in jobs["vad"])
    # The first audio is written while the server still speaks.
    speaking = [job for job in jobs["tts"] if job.compute_s > 0.15]
    assert len(trace.pieces) >= 2 * len(speaking) > 2
    assert len(first_outputs_s(trace, "tts")) == len(speaking)
    assert all(first < job.compute_s for first, job in
               zip(first_outputs_s(trace, "tts"), speaking, strict=True))


def test_asked_once_at_the_end_it_waits_for_the_same_servers(
    servers: dict[str, str], spoken: Recording, tmp_path: Path
) -> None:
    trace = run(Offline(inner=preset(servers)), spoken, tmp_path, ReplayOptions())
    assert trace.error is None and final_text(trace) == "eins zwei drei vier"
    waited = {name: sum(job.network_s for step in trace.steps for job in step.jobs
                        if job.stage == name) for name in ("vad", "asr", "mt", "other")}
    assert waited["asr"] > 0 and waited["mt"] > 0.06 and waited["vad"] == waited["other"] == 0


def overlap(a: Job, b: Job) -> bool:
    return min(a.end_s, b.end_s) - max(a.start_s, b.start_s) > 0.001


@pytest.mark.parametrize(("stage", "answers", "message"), [
    ("mt", (refuses(500, "out of memory"), llama),
     "chat endpoint at .*: answered 500 .*out of memory"),
    pytest.param("tts", (streams(SPEECH, whole=False), voice),
                 "CosyVoice at .*: broke off within its answer", marks=pytest.mark.slow),
])
def test_a_server_that_fails_costs_its_recording_only(
    stage: str, answers: tuple[Answer, ...], message: str, servers: dict[str, str],
    spoken: Recording, tmp_path: Path,
) -> None:
    with http_server(*answers) as broken:
        urls = {**servers, stage: broken.url if stage == "tts" else f"{broken.url}/v1"}
        system = preset(urls)
        failed = run(system, spoken, tmp_path, ReplayOptions())
        assert run(system, spoken, tmp_path, ReplayOptions()).error is None
    assert failed.error is not None and re.search(message, failed.error.message), failed.error


def test_a_server_that_is_not_there_is_told_at_once(servers: dict[str, str]) -> None:
    with http_server(voice) as gone:
        pass
    with pytest.raises(ConfigError, match="recogniser kyutai: nothing listens at "):
        preset({**servers, "asr": gone.url.replace("http", "ws")})


def test_the_voice_is_asked_for() -> None:
    path = Registry().options("systems")["cascade_concurrent"]
    values = yaml.safe_load(path.read_text("utf-8"))
    with pytest.raises(ConfigError, match="system.tts: prompt_wav"):
        build_system(Choice(values.pop("name"), values), Registry())


class Slow:
    """A translator that shows its words one by one."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.asked: list[str] = []

    def translate(self, text: str, is_over: bool = True) -> str:
        self.asked.append(text)
        return self.texts.pop(0)

    def stream(self, text: str, is_over: bool = True) -> Iterator[str]:
        words = self.translate(text).split()
        yield from (" ".join(words[: n + 1]) for n in range(len(words)))

    def close(self) -> None: ...


def written(stage: MtStage, *texts: str) -> list[str]:
    said = []
    for text in texts:
        seen = Observation(write=END if not text else Write(text))
        said += [write.text for write in stage.policy(seen) if write != END]
    return said


def test_the_last_translation_is_written_word_by_word() -> None:
    translator = Slow("ein", "ein Haus", "ein Haus steht da.", "nein", "ja wohl")
    assert isinstance(translator, StreamingTranslator)
    stage = MtStage(translator, Committer(LocalAgreement(2, 0, unit="word")), plain)
    assert written(stage, "a", " house", "") == ["ein", " Haus", " steht", " da."]
    assert written(stage, " yes", "") == [" ja", " wohl"]
    assert translator.asked == ["a", "a house", "a house", "yes", "yes"]


def test_an_open_utterance_is_translated_every_few_words() -> None:
    translator = Slow("A", "A B", "A B C", "A B C D")
    stage = MtStage(translator, Committer(LocalAgreement(1, 0, unit="word")), plain, every_words=2)
    written(stage, "a", " b", " c", " d", "")
    assert translator.asked == ["a b", "a b c d", "a b c d"]


def test_words_that_stream_continue_what_was_committed() -> None:
    committer = Committer(LocalAgreement(1, 0, unit="word"))
    assert committer.push(("ein", "Haus")) == ("ein", "Haus")
    assert committer.grow(("ein",)) == () and committer.grow(("das", "Haus", "steht")) == ()
    assert committer.grow(("ein", "Haus", "steht")) == ("steht",)
    assert committer.finish(("ein", "Haus", "steht", "da")) == ("da",)
