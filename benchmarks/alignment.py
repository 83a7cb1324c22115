"""How far aligners are off: word ends in speech whose word times are known.

*voices*: the embedded corpus' hand-written test sentences in German, English and Spanish, said by
espeak-ng in several voices and at three rates, against its own word times.  *corpus*: the corpus'
recordings of such sentences (resampled, coded), against the times it carries.  *talk*: four minutes
of talk in one go.  *people*: read English against the times of another aligner with pocketsphinx'
acoustic model, which is agreement, no error; where the recordings are at hand (``--speech``).

``bias`` is the median of aligned end - known end, positive where the aligner is late.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import report
from s2st_bench.audio import open_frames, read_audio
from s2st_bench.build import nested
from s2st_bench.datasets.conference.conference import Conference
from s2st_bench.errors import NotAligned
from s2st_bench.parts import AlignerModel
from s2st_bench.registry import Registry
from s2st_bench.speech import espeak
from s2st_bench.types import AudioSource, Samples, Word

ALIGNERS = ("pocketsphinx", "reference")
VOICES = {
    "de": ("de", "de+f2", "de+m4", "de+linda"),
    "en": ("en-us", "en+m3", "en-GB-scotland+f3", "en-us+m4"),
    "es": ("es", "es+f2", "es-419+m3", "es+max"),
}
RATES = (140, 175, 220)
TALK_S = 240.0
LIMIT_MS = 60.0
RATE_HZ = 16_000
TEXTS = Path(__file__).parents[1] / "datasets" / "conference" / "texts" / "hand.tsv"
SPEECH = Path(__file__).parents[2] / "shared" / "speech"


@dataclass(frozen=True, slots=True)
class Known:
    """Speech and its words."""

    samples: Samples
    rate_hz: int
    words: tuple[Word, ...]


def main(argv: list[str] | None = None) -> int:
    """Print the table, save the JSON; 1 when a median is over 60 ms."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alignment", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--speech", type=Path, default=SPEECH, help="recordings of people")
    options = parser.parse_args(argv)
    every = 20 if options.quick else 1
    build = nested(Registry())
    models = {name: build(AlignerModel, {"name": name}, "aligner") for name in ALIGNERS}
    rows = []
    for lang in VOICES:
        material = {"voices": list(voices(lang, every))}
        if lang != "es":
            material["corpus"] = list(corpus(lang, every))
        if not options.quick:
            material["talk"] = [talk(lang)]
        if lang == "en" and options.speech.is_dir():
            material["people"] = list(people(options.speech))
        rows += [
            row(name, model, lang, what, known)
            for what, known in material.items() for name, model in models.items()
            if not model.languages or lang in model.languages
        ]
    print(report.table(rows))
    gates = [] if options.quick else [
        report.gate(f"{r['aligner']} {r['lang']} {r['speech']}: median error, ms", r["median ms"],
                    LIMIT_MS, at_least=False)
        for r in rows if r["aligner"] == ALIGNERS[0] and r["speech"] != "people"
    ]
    if gates:
        print(f"\n{report.table(gates)}")
    print(report.save(options.out, "alignment", rows, gates))
    return int(any(not each["met"] for each in gates))


def row(
    name: str, model: AlignerModel, lang: str, what: str, material: Sequence[Known]
) -> dict[str, Any]:
    """Errors of word ends in milliseconds, and the time it took."""
    model.load()
    errors: list[float] = []
    refused, begun = 0, time.perf_counter()
    for known in material:
        try:
            found = model.align(known.samples, known.rate_hz, [w.text for w in known.words], lang)
        except NotAligned:
            refused += 1
            continue
        errors += [1000.0 * (a.end_s - b.end_s) for a, b in zip(found, known.words, strict=True)]
    spent_s = time.perf_counter() - begun
    minutes = sum(len(known.samples) / known.rate_hz for known in material) / 60.0
    return {
        "aligner": name, "lang": lang, "speech": what, "minutes": minutes, "words": len(errors),
        "median ms": float(np.median(np.abs(errors))),
        "p95 ms": float(np.percentile(np.abs(errors), 95)), "bias ms": float(np.median(errors)),
        "refused": refused, "s/min": spent_s / minutes,
    }


def voices(lang: str, every: int) -> Iterable[Known]:
    """Each sentence by the next voice, at the next rate."""
    said = zip(sentences(lang)[::every], cycle(VOICES[lang]), cycle(RATES), strict=False)
    for text, voice, rate in said:
        spoken = espeak.speak(text, voice, rate)
        yield Known(spoken.samples, spoken.sample_rate_hz, spoken.words)


def corpus(lang: str, every: int) -> Iterable[Known]:
    """Recordings of the test split, their words as the corpus has them."""
    other = "en" if lang == "de" else "de"
    for recording in Conference("test", source_lang=lang, target_lang=other, origin="hand",
                                every=every).recordings():
        source = recording.source
        if isinstance(source, AudioSource):
            samples = read_audio(source.path, source.offset_s, source.duration_s, RATE_HZ)
            yield Known(samples, RATE_HZ, recording.segments[0].words)


def talk(lang: str) -> Known:
    """Sentences with pauses from none to two seconds between them."""
    parts: list[Samples] = []
    words: list[Word] = []
    at = 0
    texts, pauses = cycle(sentences(lang)), cycle((0.0, 0.3, 0.8, 2.0))
    while at < TALK_S * espeak.RATE_HZ:
        text, pause_s = next(texts), next(pauses)
        spoken = espeak.speak(text, VOICES[lang][1], RATES[1])
        begin_s = at / espeak.RATE_HZ
        words += [Word(w.text, begin_s + w.start_s, begin_s + w.end_s) for w in spoken.words]
        parts += [spoken.samples, np.zeros(round(pause_s * espeak.RATE_HZ), np.float32)]
        at += len(parts[-2]) + len(parts[-1])
    return Known(np.concatenate(parts), espeak.RATE_HZ, tuple(words))


def people(folder: Path) -> Iterable[Known]:
    """Recordings with a list of words beside them."""
    for path in sorted(folder.glob("librivox_*.json")):
        rows = [w for w in json.loads(path.read_text("utf-8"))["w"] if w["t"][0] not in "<["]
        words = tuple(Word(w["t"].split("(")[0], w["b"], w["b"] + w["d"]) for w in rows)
        with open_frames(path.with_suffix(".wav"), 0) as reader:
            yield Known(reader.read(60 * reader.sample_rate_hz), reader.sample_rate_hz, words)


def sentences(lang: str) -> list[str]:
    """The hand-written test sentences."""
    with TEXTS.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return [row[lang] for row in rows if row["split"] == "test"]


if __name__ == "__main__":
    raise SystemExit(main())
