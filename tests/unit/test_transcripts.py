"""Transcripts are made once, kept by what was heard, and become items with listening times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.audio import write_wav
from s2st_bench.cache import Cache, standard_folder
from s2st_bench.items import items
from s2st_bench.metric import Item, MeanMetric, Unscored
from s2st_bench.parts import Recogniser, RecogniserModel
from s2st_bench.scorer import Options
from s2st_bench.scoring import score
from s2st_bench.transcripts import Transcriber, emissions_of, heard_items, joined
from s2st_bench.types import (
    AudioSource,
    Job,
    MetricSpec,
    Piece,
    Recording,
    Samples,
    Segment,
    Step,
    TimedWrite,
    Trace,
    Word,
)

RATE = 1000


class Counting(RecogniserModel):
    """Hears one word a second, and counts how often it was asked."""

    languages = frozenset({"de", "zh"})

    def __init__(self, name: str = "counting") -> None:
        self.name = name
        self.loaded = self.asked = 0

    def load(self) -> None:
        self.loaded += 1

    def signature(self) -> Mapping[str, str]:
        return {"asr": self.name}

    def open(self, lang: str) -> Recogniser:
        raise NotImplementedError

    def transcribe(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...]:
        self.asked += 1
        return tuple(Word(f"w{i}", float(i), i + 0.8) for i in range(len(samples) // rate_hz))


def test_the_same_audio_is_heard_once(tmp_path: Path) -> None:
    samples = np.linspace(0, 1, 2 * RATE, dtype=np.float32)
    first, second = Counting(), Counting()
    words = Transcriber(first, Cache(tmp_path)).words(samples, RATE, "de")
    assert Transcriber(second, Cache(tmp_path)).words(samples, RATE, "de-AT") == words
    assert (first.asked, second.asked, second.loaded) == (1, 0, 0)
    other = Counting("other")
    Transcriber(other, Cache(tmp_path)).words(samples, RATE, "de")
    Transcriber(other, Cache(tmp_path)).words(samples * 0.5, RATE, "de")
    assert other.asked == 2


def test_a_language_the_recogniser_does_not_know() -> None:
    found = Transcriber(Counting(), Cache()).words(np.zeros(RATE, np.float32), RATE, "es")
    assert found == Unscored("the recogniser knows de, zh, not es: name another asr")


def test_a_damaged_or_unwritable_cache_costs_nothing_but_time(tmp_path: Path) -> None:
    calls: list[int] = []

    def compute() -> int:
        calls.append(1)
        return 7

    key = {"a": 1}
    assert Cache(tmp_path).get(key, compute) == 7
    (file,) = tmp_path.rglob("*.json")
    assert json.loads(file.read_text())["key"] == key
    file.write_text('{"key": {}, "val')
    assert Cache(tmp_path).get(key, compute) == 7 and len(calls) == 2
    blocked = tmp_path / "file"
    blocked.write_text("")
    kept = Cache(blocked)
    assert kept.get(key, compute) == kept.get(key, compute) == 7 and len(calls) == 3
    assert Cache(tmp_path).holds(key) and not Cache(tmp_path).holds({"a": 2})


def test_where_values_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S2ST_BENCH_CACHE", "off")
    assert standard_folder() is None
    monkeypatch.setenv("S2ST_BENCH_CACHE", "/somewhere")
    assert standard_folder() == Path("/somewhere")
    monkeypatch.delenv("S2ST_BENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert standard_folder() == Path("/caches/s2st-bench")


@pytest.fixture
def spoken(tmp_path: Path) -> list[Item]:
    """A talk of two sentences, answered by two seconds of speech at 2 s and one at 6 s."""
    write_wav(tmp_path / "a.wav", np.zeros(3 * RATE, np.float32), RATE)
    steps = tuple(
        Step(at, at, (Job(i, "system", at, at + 0.5),), (TimedWrite(i, 0.5, speech_s=n),))
        for i, (at, n) in enumerate([(2.0, 2.0), (6.0, 1.0)])
    )
    pieces = (Piece("a.wav", 0, 2 * RATE, RATE, 0), Piece("a.wav", 2 * RATE, RATE, RATE, 1))
    trace = Trace("s", "r", "de", 8.0, steps, pieces, outputs=("speech",))
    segments = (Segment("1", 0.0, 4.0, references={"de": ("w0 w1",)}),
                Segment("2", 4.0, 8.0, references={"de": ("w2",)}))
    recording = Recording("r", AudioSource(tmp_path / "a.wav"), "en", ("de",), segments)
    return list(items(trace, recording, folder=tmp_path))


def test_heard_words_become_items_of_their_segments(spoken: list[Item]) -> None:
    transcriber = Transcriber(Counting(), Cache())

    def words_of(item: Item) -> tuple[Word, ...] | Unscored:
        assert item.sound is not None
        return transcriber.of(item.sound)

    one, two = heard_items(spoken, words_of)
    assert isinstance(one, Item) and isinstance(two, Item)
    assert (one.hypothesis, two.hypothesis) == ("w0 w1", "w2")
    assert one.delays.tolist() == [2800.0, 3800.0]  # ends at 0.8 and 1.8 s of the first piece
    assert one.elapsed is not None and one.elapsed.tolist() == [3300.0, 4300.0]
    assert two.delays.tolist() == pytest.approx([2800.0])  # at 6.8 s, of a sentence from 4 s on
    begun = heard_items(spoken, words_of, at=0.0)
    assert isinstance(begun[1], Item) and begun[1].delays.tolist() == [2000.0]


def test_what_has_no_words_has_its_reason(spoken: list[Item]) -> None:
    assert heard_items(spoken, lambda item: Unscored("why")) == [Unscored("why")] * 2


def test_characters_have_the_time_of_their_word(spoken: list[Item]) -> None:
    text = joined(["你好", "吗"], "zh-CN")
    assert text == "你好吗" and spoken[0].sound is not None
    words = [Word("你好", 0.0, 0.5), Word("吗", 0.5, 1.0)]
    said = emissions_of(words, spoken[0].sound, text, "char")
    assert [(e.unit, e.delay) for e in said] == [("你", 2.5), ("好", 2.5), ("吗", 3.0)]


class Loudness(MeanMetric):
    """Reads all speech."""

    spec = MetricSpec("Loudness", "", True, frozenset({"speech"}))

    def item_value(self, item: Item) -> float | Unscored:
        assert item.sound is not None
        speech = item.sound.read()
        return speech if isinstance(speech, Unscored) else float(abs(speech.samples).mean())


def test_a_run_whose_speech_is_damaged_is_not_ranked_by_what_is_left(
    spoken: list[Item], tmp_path: Path
) -> None:
    trace, recording = spoken[0].trace, spoken[0].recording
    whole = score([trace], [recording], [Loudness()], Options(folder=tmp_path))
    assert whole.corpus[0].unranked == "" and whole.corpus[0].value is not None
    (tmp_path / "a.wav").write_bytes(b"")
    lost = score([trace], [recording], [Loudness()], Options(folder=tmp_path))
    assert lost.corpus[0].unranked == "the speech cannot be read of 2 of 2"
