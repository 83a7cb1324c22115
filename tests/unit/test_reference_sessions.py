"""The reference systems with their own weights: policies, streams of many sentences, speech."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.errors import ConfigError
from s2st_bench.types import AudioChunk, Samples, Task, Write

pytest.importorskip("onnxruntime", reason="extra reference")
pytest.importorskip("sentencepiece", reason="extra reference")

from s2st_bench.audio import open_audio  # noqa: E402
from s2st_bench.system import Observation, PipelineSession, Session  # noqa: E402
from s2st_bench.systems.reference.session import ReferenceSession  # noqa: E402
from s2st_bench.systems.reference.system import Reference  # noqa: E402

AUDIO = Path(__file__).parents[2] / "datasets" / "conference" / "audio"
CHUNK = 5120
TASK = Task("de", "en")
POLICIES = {
    "offline": {}, "wait_k": {"k": 3, "unit": "word"}, "local_agreement": {"n": 2},
    "hold": {"n": 4}, "alignatt": {"f": 4}, "edatt": {"alpha": 0.2}, "streamspeech": {},
    "echostream": {"k1": 2, "n1": 1, "k2": 2, "n2": 1}, "fixed_rate": {"rate": 2.0, "wait": 3},
    "random": {"p": 0.5},
}
"""Those that drive the decoder that everything outside decides for."""

Said = tuple[int, str]
"""Chunks heard, and the text written then."""


def sound(name: str = "de-grammar-dev-001", lang: str = "de") -> Samples:
    with open_audio(AUDIO / lang / f"{name}.opus") as reader:
        return reader.read(10**7)


def reply(session: Session, samples: Samples) -> list[Said]:
    """What is written while ``samples`` come in chunks of 320 ms."""
    said: list[Said] = []
    starts = range(0, max(1, len(samples)), CHUNK)
    for number, at in enumerate(starts, 1):
        last = number == len(starts)
        part = samples[at : at + CHUNK]
        observation = Observation(
            chunk=AudioChunk(part, 16_000, at / 16_000, is_last=last), is_last=last)
        answer = session.policy(observation)
        assert isinstance(answer, Iterable)
        said += [(number, write.text) for write in answer if write != Write()]
    return said


def session(policy: str = "wait_k", task: Task = TASK, **options: object) -> ReferenceSession:
    system = Reference(policy=policy, **{**POLICIES.get(policy, {}), **options})  # type: ignore[arg-type]
    system.load()
    opened = system.open(task)
    assert isinstance(opened, ReferenceSession)
    return opened


def text(said: Sequence[Said]) -> str:
    return "".join(part for _, part in said)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_says_whole_words_in_order(policy: str) -> None:
    said = reply(session(policy), sound())
    assert len(text(said).split()) >= 4
    assert not text(said).startswith(" ")
    for (_, before), (_, after) in pairwise(said):
        assert after.startswith(" ") and not before.endswith(" ")
    assert [at for at, _ in said] == sorted(at for at, _ in said)


def test_offline_waits_and_agreement_does_not() -> None:
    samples = sound()
    last = -(-len(samples) // CHUNK)
    assert {at for at, _ in reply(session("offline"), samples)} == {last}
    assert reply(session("local_agreement"), samples)[0][0] < last


def test_wait_k_writes_a_word_a_chunk_after_k() -> None:
    """g(i) = k + i - 1 in chunks heard of the utterance, until the source ends."""
    samples = sound()
    last = -(-len(samples) // CHUNK)
    for k in (2, 5):
        at = [n for n, part in reply(session("wait_k", k=k), samples) for _ in part.split()]
        early = [n for n in at if n < last]
        # the utterance may begin one chunk into the stream
        assert all(n >= k + i for i, n in enumerate(early))
        assert all(n <= k + i + 2 for i, n in enumerate(early))


def test_a_larger_k_never_writes_a_word_earlier() -> None:
    samples = sound()
    times = [[n for n, part in reply(session("wait_k", k=k), samples) for _ in part.split()]
             for k in (2, 4, 8)]
    for sooner, later in pairwise(times):
        assert all(a <= b for a, b in zip(sooner, later, strict=False))


def test_agreement_of_one_and_holding_nothing_are_the_same() -> None:
    samples = sound()
    assert reply(session("local_agreement", n=1), samples) == reply(session("hold", n=0), samples)


def test_the_same_sound_gives_the_same_answer_and_sessions_share_nothing() -> None:
    system = Reference(policy="wait_k", k=3)
    system.load()
    first, second = (system.open(TASK) for _ in range(2))
    assert isinstance(first, ReferenceSession) and isinstance(second, ReferenceSession)
    alone = reply(session("wait_k", k=3), sound())
    other = reply(first, sound("de-grammar-dev-002"))
    assert reply(second, sound()) == alone != other


def test_utterances_of_a_stream_are_translated_as_if_alone() -> None:
    """Nothing of one sentence is left in the next, whatever a talk's length."""
    gap = np.zeros(16_000 * 2 // CHUNK * CHUNK, np.float32)
    parts = [sound(f"de-grammar-dev-00{n}") for n in (1, 2, 3)]
    padded = [np.pad(part, (0, -len(part) % CHUNK)) for part in parts]
    stream = np.concatenate([piece for part in padded for piece in (part, gap)])
    together = text(reply(session("offline"), stream))
    alone = [text(reply(session("offline"), np.concatenate([part, gap]))) for part in padded]
    assert together == " ".join(alone)


def test_a_session_keeps_nothing_of_utterances_that_are_over() -> None:
    listener = session("wait_k")
    gap = np.zeros(16_000, np.float32)
    for _ in range(3):
        reply_open(listener, np.concatenate([sound(), gap]))
        assert listener._decider is None


def reply_open(listener: Session, samples: Samples) -> None:
    """As :func:`reply`, the stream going on."""
    for at in range(0, len(samples), CHUNK):
        chunk = AudioChunk(samples[at : at + CHUNK], 16_000, 0.0, is_last=False)
        answer = listener.policy(Observation(chunk=chunk))
        assert isinstance(answer, Iterable)
        assert all(isinstance(write, Write) for write in answer)


@pytest.mark.parametrize("samples", [
    np.zeros(0, np.float32), np.zeros(16_000, np.float32),
    np.full(16_000, np.nan, np.float32),
    np.random.default_rng(1).standard_normal(40_000).astype(np.float32),
], ids=["nothing", "silence", "no numbers", "noise"])
def test_what_is_not_speech_does_no_harm(samples: Samples) -> None:
    said = reply(session("wait_k"), samples)
    assert len(text(said)) < 400


def test_speech_comes_in_pieces_of_a_pipeline() -> None:
    pytest.importorskip("espeakng_loader", reason="extra cascade")
    system = Reference(policy="wait_k", k=3)
    system.load()
    opened = system.open(replace(TASK, outputs=frozenset({"text", "speech"})))
    assert isinstance(opened, PipelineSession)
    assert [stage.name for stage in opened.stages] == ["translation", "tts"]


def test_what_it_cannot_do_is_said_before_any_work() -> None:
    system = Reference(policy="wait_k", k=3)
    assert "understands de and en" in str(system.supports(Task("fr", "en")))
    assert "translates de to en and es" in str(system.supports(Task("de", "ja")))
    assert "hears 16000 Hz" in str(system.supports(replace(TASK, sample_rate_hz=8000)))
    assert system.supports(TASK) is None
    with pytest.raises(ConfigError, match="k"):
        Reference(policy="wait_k", k=0)
    with pytest.raises(ConfigError, match="no such gate"):
        Reference(policy="wait_q")
