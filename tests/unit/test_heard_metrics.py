"""Latency of heard words against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.audio import write_wav
from s2st_bench.errors import NotAligned
from s2st_bench.items import items
from s2st_bench.metric import Item, Unscored
from s2st_bench.metrics.heard.averages import (
    HeardAL,
    HeardATD,
    HeardDAL,
    HeardEndOffset,
    HeardLAAL,
    HeardLongYAAL,
    HeardStartOffset,
    HeardYAAL,
)
from s2st_bench.metrics.heard.bias import AlignerBias, AlignerErrorP95
from s2st_bench.metrics.heard.floor import SpeechFloor, queued
from s2st_bench.metrics.heard.hearing import spoken_words
from s2st_bench.metrics.heard.units import HeardEVS, HeardEVSP50, HeardUnitLagMax, HeardUnitLagP50
from s2st_bench.parts import AlignerModel, Recogniser, RecogniserModel
from s2st_bench.penalty import Penalised
from s2st_bench.scoring import make_metrics
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
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


class EvenAligner(AlignerModel):
    """Every word as long as the next."""

    def __init__(self, late_s: float = 0.0, lost: bool = False) -> None:
        self.late_s, self.lost, self.asked = late_s, lost, 0

    def load(self) -> None:
        """Nothing to load."""

    def signature(self) -> Mapping[str, str]:
        return {"aligner": f"even {self.late_s:g} {self.lost}"}

    def align(
        self, samples: Samples, rate_hz: int, words: Sequence[str], lang: str
    ) -> tuple[Word, ...]:
        self.asked += 1
        if self.lost:
            raise NotAligned("lost")
        each = len(samples) / rate_hz / len(words)
        return tuple(Word(w, i * each + self.late_s, (i + 1) * each + self.late_s)
                     for i, w in enumerate(words))


class Parrot(RecogniserModel):
    """Hears what it is told to."""

    languages = frozenset({"en"})

    def __init__(self, *words: Word) -> None:
        self.words = words

    def load(self) -> None:
        """Nothing to load."""

    def signature(self) -> Mapping[str, str]:
        return {"asr": f"parrot {self.words}"}

    def open(self, lang: str) -> Recogniser:
        raise NotImplementedError

    def transcribe(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...]:
        return self.words


# Two words a write, half a second each; heard from 1.0 and (queued behind it) from 2.0 s, unaware.
WRITES = ((1.0, "a b"), (1.5, " c d"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pieces").mkdir()
    write_wav(tmp_path / "pieces" / "a.wav", np.full(4000, 0.1, np.float32), RATE)
    return tmp_path


def trace_of(writes: Sequence[tuple[float, str]] = WRITES, clock: str = "simulated") -> Trace:
    steps, table = [], []
    for i, (at, text) in enumerate(writes):
        words = tuple(Word(w, 0.5 * j, 0.5 * j + 0.5) for j, w in enumerate(text.split()))
        n = round(0.5 * RATE * len(words))
        write = TimedWrite(i, 0.25, text=text, speech_s=n / RATE, words=words)
        steps.append(Step(at, at, (Job(i, "system", at, at + 0.25),), (write,)))
        table.append(Piece("pieces/a.wav", 0, n, RATE, i))
    return Trace("s", "r", "en", 2.0, tuple(steps), tuple(table), outputs=("text", "speech"),
                 clock=clock)  # type: ignore[arg-type]


def item_of(trace: Trace, folder: Path, reference: str = "a b c d") -> Item:
    words = tuple(Word(w, 0.5 * i, 0.5 * i + 0.4) for i, w in enumerate("w x y z".split()))
    links = {"en": tuple((i, i) for i in range(4))}
    segment = Segment("r", 0.0, 2.0, "w x y z", {"en": (reference,)}, words=words, alignment=links)
    recording = Recording("r", AudioSource(folder / "none.wav"), "de", ("en",), (segment,))
    (item,) = items(trace, recording, folder=folder)
    return item


def test_averages_by_hand(folder: Path) -> None:
    """Word ends 1.5, 2.0, 2.5, 3.0 s; S = 2 s, R = 4: pace 0.5 s."""
    item = item_of(trace_of(), folder)
    assert HeardLAAL(words="given").item_value(item) == 1500.0
    assert HeardAL(words="given").item_value(item) == 1500.0
    assert HeardYAAL(words="given").item_value(item) == 1500.0
    # the textbook stops at the first word at or after the end of the source, which is the second
    assert HeardLAAL(words="given", truncate=True).item_value(item) == 1500.0
    assert HeardYAAL(words="given", truncate=True).item_value(item) == 1500.0
    assert HeardDAL(words="given").item_value(item) == 1500.0
    assert HeardStartOffset(words="given").item_value(item) == 1500.0
    assert HeardEndOffset(words="given").item_value(item) == 1000.0
    # twice as many words in the reference: pace 0.25 s, so lags grow by 0.25 s a word
    longer = item_of(trace_of(), folder, "a b c d e f g h")
    assert HeardLAAL(words="given").item_value(longer) == pytest.approx(1875.0)
    assert HeardLAAL(words="given", truncate=True).item_value(longer) == pytest.approx(1625.0)
    assert HeardYAAL(words="given", truncate=True).item_value(longer) == pytest.approx(1500.0)
    # source pieces of 300 ms end at 300, 600, 900, 1200, 1500 | 1800, 2000
    wanted = np.mean([1500 - 300, 2000 - 600, 2500 - 900, 3000 - 1200])
    assert HeardATD(words="given").item_value(item) == pytest.approx(wanted)


def test_aware_times_and_places_in_a_word(folder: Path) -> None:
    item = item_of(trace_of(), folder)
    assert HeardLAAL(words="given", aware=True).item_value(item) == 1750.0
    assert HeardLAAL(words="given", at="begin").item_value(item) == 1000.0
    assert HeardLAAL(words="given", at="centre").item_value(item) == 1250.0
    ideal = item_of(trace_of(clock="ideal"), folder)
    assert HeardLAAL(words="given").item_value(ideal) == 1500.0
    assert HeardLAAL(words="given", aware=True).item_value(ideal) == Unscored(
        "compute was not measured"
    )


def test_words_of_units(folder: Path) -> None:
    item = item_of(trace_of([(1.0, "a b"), (3.0, " c d")]), folder)
    ends = np.array([1500.0, 2000.0, 3500.0, 4000.0])
    lags = ends - 500.0 * np.arange(4)
    for metric, wanted in ((HeardUnitLagP50(words="given"), 1500.0),
                           (HeardUnitLagMax(words="given"), lags.max())):
        metric.prepare([item])
        stats = metric.stats(item)
        assert not isinstance(stats, Unscored)
        assert metric.aggregate(stats[None], np.ones((1, 1))).tolist() == [wanted]
    spans = ends - (500.0 * np.arange(4) + 400.0)
    mean = HeardEVS(words="given")
    stats = mean.stats(item)
    assert not isinstance(stats, Unscored)
    assert mean.value(stats) == pytest.approx(spans.mean())
    median = HeardEVSP50(words="given")
    median.prepare([item])
    stats = median.stats(item)
    assert not isinstance(stats, Unscored)
    assert median.aggregate(stats[None], np.ones((1, 1))).tolist() == [sorted(spans)[1]]


def test_own_text_is_aligned_once_for_all(folder: Path) -> None:
    item, aligner = item_of(trace_of(), folder), EvenAligner()
    for metric in (HeardLAAL(words="text", aligner=aligner),
                   HeardDAL(words="text", aligner=aligner)):
        assert metric.item_value(item) == 1500.0
        assert metric.signature()["aligner"] == "even 0 False"
    assert aligner.asked == 1
    # kept by what was heard: another item of the same speech asks nobody
    assert HeardLAAL(words="text", aligner=aligner).item_value(item_of(trace_of(), folder))
    assert aligner.asked == 1


def test_words_of_a_recogniser(folder: Path) -> None:
    rough = [Word("a", 0.0, 0.3), Word("b", 0.6, 0.7), Word("c", 1.2, 1.9)]
    item, asr = item_of(trace_of(), folder), Parrot(*rough)
    found = HeardLAAL(words="asr", asr=asr, aligner=EvenAligner())
    # thirds of two seconds; R = 4 keeps the pace
    ends = 1000.0 * (1.0 + 2.0 * np.arange(1, 4) / 3) - 500.0 * np.arange(3)
    assert found.item_value(item) == pytest.approx(ends.mean())
    assert found.signature()["times"] == "aligner"
    lost = HeardLAAL(words="asr", asr=asr, aligner=EvenAligner(lost=True))
    assert lost.item_value(item) == pytest.approx(
        np.mean([1300.0, 1700.0 - 500.0, 2900.0 - 1000.0])
    )
    assert lost.signature()["times"] == "asr"
    assert HeardLAAL(asr=Parrot(), aligner=EvenAligner()).item_value(item) == Unscored(
        "no word was heard"
    )
    spanish = item_of(replace(trace_of(), target_lang="es"), folder)
    value = HeardLAAL(asr=asr, aligner=EvenAligner()).item_value(spanish)
    assert isinstance(value, Unscored) and "name another asr" in value.reason


def test_reasons(folder: Path, tmp_path: Path) -> None:
    trace = trace_of()
    given = HeardLAAL(words="given")
    silent = replace(trace, steps=(), pieces=())
    assert given.item_value(item_of(silent, folder)) == Unscored("no output")
    failed = replace(trace, error=Failure("raised", "x"))
    assert given.item_value(item_of(failed, folder)) == Unscored("the recording failed")
    written = replace(trace, outputs=("text",), pieces=())
    assert given.item_value(item_of(written, folder)) == Unscored("no speech output")
    mute = replace(trace, steps=tuple(
        replace(s, writes=tuple(replace(w, words=()) for w in s.writes)) for s in trace.steps
    ))
    assert given.item_value(item_of(mute, folder)) == Unscored("the system gives no word times")
    text = HeardLAAL(words="text", aligner=EvenAligner(lost=True))
    assert text.item_value(item_of(trace, folder)) == Unscored("not aligned: lost")
    spoken = replace(trace, outputs=("speech",))
    assert text.item_value(item_of(spoken, folder)) == Unscored("no text output")
    lost = text.item_value(item_of(trace, tmp_path / "elsewhere"))
    assert isinstance(lost, Unscored) and lost.reason.startswith("the speech cannot be read")
    assert HeardLongYAAL(words="given").item_value(item_of(trace, folder)) == Unscored("short form")


def test_silence_costs(folder: Path) -> None:
    trace = trace_of()
    silent = replace(trace, steps=(), pieces=())
    both = [item_of(trace, folder), item_of(silent, folder)]
    metric = Penalised(HeardLAAL(words="given"))
    metric.prepare(both)
    assert [metric.item_value(item) for item in both] == [1500.0, 2000.0]
    # speech in which no word is heard is silence, a recogniser that is missing is not
    deaf = Penalised(HeardLAAL(asr=Parrot(), aligner=EvenAligner()))
    deaf.prepare(both)
    assert [deaf.item_value(item) for item in both] == [2000.0, 2000.0]
    missing = Penalised(HeardLAAL())
    missing.prepare(both[:1])
    assert isinstance(missing.item_value(both[0]), Unscored)
    late = Penalised(HeardYAAL(words="given", truncate=True))
    after = item_of(trace_of([(2.0, "a b")]), folder)
    late.prepare([after])
    assert late.item_value(after) == 2000.0


def test_floor_of_speech(folder: Path) -> None:
    """Words of half a second come every half second: each is over as the next is there."""
    assert SpeechFloor(words="given").item_value(item_of(trace_of(), folder)) == 500.0
    # with twice the words every 0.25 s, they queue: 0.5, 0.75, 1.0, 1.25 s behind
    crowded = item_of(trace_of(), folder, "a b c d e f g h")
    assert SpeechFloor(words="given").item_value(crowded) == pytest.approx(875.0)
    assert queued(np.array([0.0, 10.0, 10.0]), np.array([2.0, 1.0, 3.0])).tolist() == [2, 11, 14]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 9)), min_size=1, max_size=20))
def test_a_queue_as_it_is_told(words: list[tuple[float, float]]) -> None:
    available, lengths = np.array(words).T
    end, wanted = 0.0, []
    for at, length in words:
        end = max(at, end) + length
        wanted.append(end)
    np.testing.assert_allclose(queued(available, lengths), wanted, atol=1e-9)


def test_errors_of_the_aligner(folder: Path) -> None:
    item = item_of(trace_of(), folder)
    for metric, late_s, wanted in (
        (AlignerBias(aligner=EvenAligner(0.04)), 0.04, 40.0),
        (AlignerBias(aligner=EvenAligner(-0.03)), -0.03, -30.0),
        (AlignerErrorP95(aligner=EvenAligner(-0.03)), -0.03, 30.0),
    ):
        metric.prepare([item])
        stats = metric.stats(item)
        assert not isinstance(stats, Unscored)
        assert metric.aggregate(stats[None], np.ones((1, 1))) == pytest.approx([wanted])
        assert metric.signature() == {"aligner": f"even {late_s:g} False"}


@given(
    st.lists(st.tuples(st.floats(0, 20), st.integers(1, 4)), min_size=1, max_size=8),
    st.sampled_from(["end", "centre", "begin"]), st.booleans(),
)
def test_heard_times_never_decrease(
    writes: list[tuple[float, int]], at: str, aware: bool
) -> None:
    order = sorted(time for time, _ in writes)
    texts = [(time, " ".join("abcd"[:n]) + " ") for time, (_, n) in zip(order, writes, strict=True)]
    item = item_of(trace_of(texts), Path("nowhere"))
    metric = HeardLAAL(words="given", at=at, aware=aware)  # type: ignore[arg-type]
    found = metric.timed(item)
    assert not isinstance(found, Unscored)
    heard, times = found
    assert len(heard.units) == sum(n for _, n in writes)
    assert (np.diff(times) >= -1e-6).all()
    # nothing is heard before it was written
    assert times[0] >= 1000.0 * order[0] - 1e-6


def test_long_form_is_cut_again_by_what_was_heard(folder: Path) -> None:
    segments = tuple(
        Segment(str(i), 2.0 * i, 2.0 * i + 2.0, "", {"en": (text,)})
        for i, text in enumerate(("a b", "c d"))
    )
    recording = Recording("r", AudioSource(folder / "none.wav"), "de", ("en",), segments)
    trace = replace(trace_of([(1.0, "a b"), (3.0, " c d")]), source_length=6.0)
    both = items(trace, recording, folder=folder)
    # ends 1.5 and 2.0 in the first segment, 3.5 and 4.0 (1.5 and 2.0 from its start) in the second
    metric = HeardLongYAAL(words="given")
    assert [metric.item_value(item) for item in both] == [1250.0, 1250.0]
    # what the recogniser heard decides, not what was written
    asr = Parrot(*(Word(w, 0.5 * i, 0.5 * i + 0.5) for i, w in enumerate("a c d b".split())))
    second = HeardLongYAAL(asr=asr, aligner=EvenAligner()).heard(both[1])
    assert not isinstance(second, Unscored) and second.hypothesis.split()[:2] == ["c", "d"]


def test_words_of_a_language_without_spaces() -> None:
    assert spoken_words("你好 吗", "zh-CN") == ["你", "好", "吗"]
    assert spoken_words("ab cd", "en") == ["ab", "cd"]


def test_by_name_with_options() -> None:
    (metric,) = make_metrics(["HeardLAAL_CA_pen"], options={
        "HeardLAAL": {"words": "text", "at": "begin", "aligner": "reference", "truncate": True}
    })
    assert metric.name == "HeardLAAL_CA_pen"
    assert dict(metric.signature()) == {"words": "text", "at": "begin", "cut": "textbook",
                                        "len": "ref", "penalty": "max(source,p95)"}


@pytest.mark.parametrize("rate_hz", [8_000, 48_000])
@pytest.mark.parametrize("what", ["one sample", "zeros", "clipped", "noise"])
def test_hostile_speech_gives_a_value_or_a_reason(
    what: str, rate_hz: int, tmp_path: Path
) -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    n = 1 if what == "one sample" else rate_hz
    samples = {
        "one sample": np.ones(1), "zeros": np.zeros(n),
        "clipped": np.sign(np.sin(np.arange(n) / 9.0)),
        "noise": np.random.default_rng(0).normal(0, 0.1, n),
    }[what].astype(np.float32)
    (tmp_path / "pieces").mkdir()
    write_wav(tmp_path / "pieces" / "a.wav", samples, rate_hz)
    trace = trace_of([(1.0, "a b")])
    item = item_of(replace(trace, pieces=(Piece("pieces/a.wav", 0, n, rate_hz, 0),)), tmp_path)
    metrics = make_metrics(
        ["HeardLAAL", "HeardATD_CA", "SpeechFloor", "AlignerBias", "HeardUnitLag@p95"],
        options={name: {"words": "text"}
                 for name in ("HeardLAAL", "HeardATD", "SpeechFloor", "HeardUnitLag@p95")},
    )
    for metric in metrics:
        metric.prepare([item])
        found = metric.stats(item)
        assert (found.reason if isinstance(found, Unscored) else np.isfinite(found).all())
