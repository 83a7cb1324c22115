"""Traces whose speech is given: what a listener of a source hears is what a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s2st_bench.audio import read_audio, write_wav
from s2st_bench.types import AudioSource, Piece, Recording, Segment, Step, TimedWrite, Trace

ROOT = Path(__file__).parents[2]
RATE = 16_000
VOICES = {  # long sentences of the embedded corpus, by voice
    "en-us-m1": ("en-hand-test-021", "en-hand-test-061", "en-grammar-test-029"),
    "en-gb-max": ("en-hand-test-005", "en-hand-test-015", "en-grammar-test-013"),
    "en-us-linda": ("en-grammar-test-004", "en-grammar-test-034", "en-grammar-test-044"),
    "en-us-f2": ("en-grammar-test-050", "en-hand-test-022", "en-grammar-test-060"),
}


def corpus_path(name: str) -> Path:
    return ROOT / "datasets" / "conference" / "audio" / "en" / f"{name}.opus"


def corpus_speech(name: str) -> np.ndarray:
    return read_audio(corpus_path(name))


@dataclass(frozen=True)
class Said:
    """A stretch of output: when it was written, its samples, its text."""

    at_s: float
    samples: np.ndarray
    text: str = ""


def short(
    folder: Path, name: str, source: Path, output: Sequence[Said], *, speaker: str = "",
    rate: int = RATE, target_lang: str = "de", **changes: object,
) -> tuple[Trace, Recording]:
    """A recording of one segment, and its answer."""
    segments = (Segment("0", 0.0, 4.0, "a", {target_lang: ("ein",)}, speaker),)
    return made(folder, name, source, output, segments, rate, target_lang, **changes)


def made(
    folder: Path, name: str, source: Path, output: Sequence[Said],
    segments: tuple[Segment, ...], rate: int = RATE, target_lang: str = "de", **changes: object,
) -> tuple[Trace, Recording]:
    """Any recording, and its answer; speech is written below ``folder``."""
    (folder / "pieces").mkdir(exist_ok=True)
    path = f"pieces/{name}.wav"
    samples = np.concatenate([np.zeros(0, np.float32), *(said.samples for said in output)])
    write_wav(folder / path, samples, rate)
    steps, pieces, offset = [], [], 0
    for number, said in enumerate(output):
        write = TimedWrite(-1, 0.0, said.text, speech_s=len(said.samples) / rate)
        steps.append(Step(said.at_s, said.at_s, (), (write,)))
        pieces.append(Piece(path, offset, len(said.samples), rate, number))
        offset += len(said.samples)
    length = max(segment.end_s for segment in segments)
    trace = Trace("s", name, target_lang, length, tuple(steps), tuple(pieces), clock="ideal",
                  outputs=("text", "speech"), **changes)  # type: ignore[arg-type]
    return trace, Recording(name, AudioSource(source), "en", (target_lang,), segments)
