"""Speech of the generator: the same every time, and what the repository holds."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

import s2st_bench.datasets.conference as package
from s2st_bench.datasets.conference.generator import speech, training

pytest.importorskip("espeakng_loader", reason="speech needs pip install 's2st-bench[cascade]'")

DATA = Path(package.__file__).parent / "data"
TEXT = "Is there a lift in the building? You could have used a larger room, I think."


def test_word_times_are_exact_and_repeatable() -> None:
    with speech.Speaker() as speaker:
        voice = speech.voices("en")[0]
        first = speaker.speak(TEXT, voice)
        speaker.speak("Something else is said in between.", speech.voices("en")[3])
        again = speaker.speak(TEXT, voice)
    assert first.words == again.words and len(first.samples) == len(again.samples)
    assert [w.text for w in first.words] == TEXT.split()
    times = [t for w in first.words for t in (w.start_s, w.end_s)]
    assert times == sorted(times) and times[-1] <= first.duration_s
    # A pause follows the question, and is no part of a word.
    assert first.words[7].start_s - first.words[6].end_s > 0.15


@pytest.mark.parametrize(("source", "split"), [("de", "test"), ("en", "dev")])
def test_regenerating_gives_what_is_committed(source: str, split: str) -> None:
    lines = (DATA / f"{source}.{split}.jsonl").read_text(encoding="utf-8").split("\n")
    with speech.Speaker() as speaker:
        for row in (json.loads(lines[1]), json.loads(lines[-2])):
            voice = next(v for v in speech.voices(source) if v.id == row["speaker"])
            spoken = speaker.speak(row["transcript"], voice)
            assert [[w.text, round(row["start"] + w.start_s, 3), round(row["start"] + w.end_s, 3)]
                    for w in spoken.words] == [
                [text, pytest.approx(a, abs=0.0011), pytest.approx(b, abs=0.0011)]
                for text, a, b in row["words"]]
            assert row["end"] - row["start"] == pytest.approx(spoken.duration_s, abs=0.0011)


def test_training_speech_streams_and_repeats() -> None:
    first = list(islice(training.speech("de", seed=4), 2))
    again = list(islice(training.speech("de", seed=4), 2))
    assert [(a.triple, a.voice, a.spoken.words) for a in first] == [
        (b.triple, b.voice, b.spoken.words) for b in again]
    held = {v.id for v in speech.voices("de") if v.held_out}
    assert held and not held & {a.voice.id for a in first}
    with pytest.raises(ValueError, match="no voices"):
        next(training.speech("fr"))


def test_word_spans_without_an_event_share_their_time() -> None:
    marks = [speech._Mark(True, 0, 0, False), speech._Mark(False, 0, 0, False),
             speech._Mark(True, 7, 600, False), speech._Mark(False, 7, 600, False),
             speech._Mark(False, 7, 900, True)]
    found = speech.word_times("in the end", marks, 1000, 1000)
    assert [(w.start_s, w.end_s) for w in found] == [(0.0, 0.24), (0.24, 0.6), (0.6, 0.9)]
