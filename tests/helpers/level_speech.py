"""Speech whose words are levels: each word one second of a level of its own, silence is 0.

Its recogniser is therefore exact, and times of words are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from s2st_bench.audio import write_wav
from s2st_bench.items import items
from s2st_bench.metric import Item
from s2st_bench.parts import Recogniser, RecogniserModel
from s2st_bench.types import (
    AudioSource,
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
VOCABULARY = ("ein", "kleiner", "Test", "guten", "Morgen", "Dank", "vielen", "heute", "你", "好")


def say(words: Sequence[str]) -> Samples:
    """One second a word; what is not in the vocabulary is silence."""
    levels = [(VOCABULARY.index(w) + 1) / 32 if w in VOCABULARY else 0.0 for w in words]
    return np.repeat(np.array(levels, np.float32), RATE)


class Levels(RecogniserModel):
    """Reads the levels; ``ghost`` is heard in every whole second of silence."""

    languages = frozenset({"de", "zh", "en"})

    def __init__(self, name: str = "levels", ghost: str = "", voices: tuple[str, ...] = ()) -> None:
        self.name, self.ghost = name, ghost
        self.voices = frozenset(voices)
        self.asked = 0

    def load(self) -> None:
        """Nothing to load."""

    def signature(self) -> Mapping[str, str]:
        return {"asr": self.name + self.ghost}

    def open(self, lang: str) -> Recogniser:
        raise NotImplementedError

    def transcribe(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...]:
        self.asked += 1
        found = []
        for start in range(0, len(samples) - rate_hz + 1, rate_hz):
            level = round(float(np.median(samples[start : start + rate_hz])) * 32)
            text = VOCABULARY[level - 1] if 0 < level <= len(VOCABULARY) else self.ghost
            if text:
                found.append(Word(text, start / rate_hz, start / rate_hz + 1.0))
        return tuple(found)


def answered(
    folder: Path, pieces: Sequence[tuple[float, str]], references: Sequence[str], *,
    name: str = "r", lang: str = "de", text: bool = True, reference_audio: str = "",
    **trace_fields: object,
) -> list[Item]:
    """The items of a recording answered by pieces, (at, words), each of its own second.

    Segments last 4 s; one reference each.
    """
    samples = [say(words.split()) for _, words in pieces]
    write_wav(folder / f"{name}.wav", np.concatenate([np.zeros(1, np.float32), *samples]), RATE)
    steps, stored, offset = [], [], 1
    for i, ((at, words), sound) in enumerate(zip(pieces, samples, strict=True)):
        write = TimedWrite(i, 0.5, f"{words} " if text else "", speech_s=len(sound) / RATE)
        steps.append(Step(at, at, (Job(i, "system", at, at + 0.5),), (write,)))
        stored.append(Piece(f"{name}.wav", offset, len(sound), RATE, i))
        offset += len(sound)
    fields: dict[str, object] = {
        "outputs": ("speech", "text") if text else ("speech",), **trace_fields}
    trace = Trace("s", name, lang, 4.0 * len(references), tuple(steps), tuple(stored),
                  **fields)  # type: ignore[arg-type]
    segments = tuple(
        Segment(str(i), 4.0 * i, 4.0 * i + 4.0, references={lang: (ref,)} if ref else {})
        for i, ref in enumerate(references)
    )
    audio = {}
    if reference_audio:
        write_wav(folder / f"{name}.ref.wav", say(reference_audio.split()), RATE)
        audio = {lang: AudioSource(folder / f"{name}.ref.wav")}
    recording = Recording(name, AudioSource(folder / "x.wav", 0.0, 4.0 * len(references)), "en",
                          (lang,), segments, reference_audio=audio)
    return list(items(trace, recording, folder=folder))
