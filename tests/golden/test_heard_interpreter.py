"""Heard words of the scripted interpreter, found by the aligner, against the closed form.

The closed form needs no replay and no aligner: the plan says when each word is written, espeak-ng
when a word is over in its own speech, and speech is heard one piece after another.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from s2st_bench.items import items
from s2st_bench.metric import Item, Unscored
from s2st_bench.metrics.heard.averages import HeardLAAL, HeardLongYAAL
from s2st_bench.metrics.heard.units import HeardLatencyDrift
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.systems.cascade.sphinx_align import SphinxAligner
from s2st_bench.systems.interpreter import expected
from s2st_bench.systems.interpreter.interpreter import Interpreter
from s2st_bench.systems.interpreter.plan import plan
from s2st_bench.systems.interpreter.voice import say
from s2st_bench.types import AudioSource, Recording, Segment, Word

for package in ("pocketsphinx", "espeakng_loader"):
    pytest.importorskip(package, reason=f"{package} is not installed")

TOLERANCE_MS = 60.0
RATE_WPM = 230
SENTENCES = Path(__file__).parents[2] / "datasets" / "conference" / "texts" / "hand.tsv"
WORD_S = 0.45
TAIL_S = 12.0

ALIGNER = SphinxAligner()


def sentences(lang: str, n: int) -> list[str]:
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["split"] == "test"]
    return [row[lang] for row in rows[:n]]


def recording(
    texts: list[str], lang: str, folder: Path, every_s: float, tail_s: float = TAIL_S
) -> Recording:
    """A source word for each word of the sentences, which begin ``every_s`` apart."""
    segments = []
    for i, text in enumerate(texts):
        start_s = every_s * i
        n = len(text.split())
        words = tuple(Word(f"w{j}", start_s + WORD_S * j, start_s + WORD_S * (j + 1))
                      for j in range(n))
        segments.append(Segment(
            f"s{i}", start_s, words[-1].end_s, " ".join(w.text for w in words), {lang: (text,)},
            words=words, alignment={lang: tuple((j, j) for j in range(n))},
        ))
    length_s = segments[-1].end_s + tail_s
    path = folder / "source.wav"
    noise = np.random.default_rng(0).normal(0, 0.01, round(16_000 * length_s))
    soundfile.write(path, noise.astype(np.float32), 16_000)
    return Recording("r", AudioSource(path), "xx", (lang,), tuple(segments))


def interpreted(system: Interpreter, source: Recording, folder: Path) -> tuple[Item, ...]:
    run = folder / "run"
    for name in ("pieces", "spool"):
        (run / name).mkdir(parents=True)
    system.load()
    lang = source.target_langs[0]
    trace = replay(system, source, lang, ReplayOptions(clock="ideal"), run).whole()
    assert trace.error is None
    return items(trace, source, folder=run)


def heard_ends(system: Interpreter, source: Recording, length_s: float) -> list[float]:
    """When the interpreter's listener has heard each word, in seconds."""
    lang = source.target_langs[0]
    written = plan(source, lang, system.behaviour, system.seed)
    ends, free_s = [], 0.0
    for event, at_s in zip(
        written.events, expected.exact_delays(written, length_s), strict=True
    ):
        spoken = say(event.spoken, "espeak", lang, RATE_WPM)
        start_s = max(at_s, free_s)
        free_s = start_s + len(spoken.samples) / spoken.sample_rate_hz
        ends += [start_s + word.end_s for word in spoken.words]
    return ends


def closed_form(ends: list[float], source: Recording) -> float:
    """Mean over sentences of the mean lag of their words, in milliseconds."""
    values, at = [], 0
    for segment in source.segments:
        n = len(segment.references[source.target_langs[0]][0].split())
        own = 1000.0 * (np.array(ends[at : at + n]) - segment.start_s)
        pace = 1000.0 * (segment.end_s - segment.start_s) / n
        values.append(float((own - pace * np.arange(n)).mean()))
        at += n
    return float(np.mean(values))


@pytest.mark.parametrize("lang", ["de", "en", "es"])
def test_short_form_within_60_ms(lang: str, tmp_path: Path) -> None:
    source = recording(sentences(lang, 1), lang, tmp_path, 0.0, tail_s=2.0)
    system = Interpreter(lag_s=1.2, exact=True, voice="espeak", speech_rate=RATE_WPM)
    (item,) = interpreted(system, source, tmp_path)
    length_s = item.source_length / 1000.0
    ends = heard_ends(system, source, length_s)
    pace = 1000.0 * length_s / len(ends)
    wanted = float((1000.0 * np.array(ends) - pace * np.arange(len(ends))).mean())
    found = HeardLAAL(words="text", aligner=ALIGNER).item_value(item)
    assert found == pytest.approx(wanted, abs=TOLERANCE_MS)
    assert HeardLAAL(words="given").item_value(item) == pytest.approx(wanted, abs=1.0)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["de", "en", "es"])
def test_four_minutes_within_60_ms(lang: str, tmp_path: Path) -> None:
    source = recording(sentences(lang, 30), lang, tmp_path, 8.0)
    assert source.segments[-1].end_s > 230
    system = Interpreter(lag_s=1.5, drift_s_per_min=0.5, exact=True, voice="espeak",
                         speech_rate=RATE_WPM)
    segments = interpreted(system, source, tmp_path)
    metric = HeardLongYAAL(words="text", aligner=ALIGNER)
    values = [metric.item_value(item) for item in segments]
    found = [value for value in values if not isinstance(value, Unscored)]
    assert len(found) == len(values)
    wanted = closed_form(heard_ends(system, source, segments[0].trace.source_length), source)
    assert np.mean(found) == pytest.approx(wanted, abs=TOLERANCE_MS)


@pytest.mark.slow
@pytest.mark.parametrize("drift_s_per_min", [0.5, 2.0])
def test_a_known_drift_is_recovered(drift_s_per_min: float, tmp_path: Path) -> None:
    """The same sentence again and again lags the same but for the drift."""
    source = recording(sentences("de", 1) * 24, "de", tmp_path, 10.0)
    system = Interpreter(lag_s=1.0, drift_s_per_min=drift_s_per_min, exact=True, voice="espeak",
                         speech_rate=RATE_WPM)
    segments = interpreted(system, source, tmp_path)
    metric = HeardLatencyDrift(words="text", aligner=ALIGNER)
    metric.prepare(segments)
    assert metric.item_value(segments[0]) == pytest.approx(1000.0 * drift_s_per_min, rel=0.05)
