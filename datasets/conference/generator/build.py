"""Makes everything the corpus holds: texts, word times, alignments and Ogg Opus audio.

The result depends on the hand-written texts, the grammar and the constants here only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

import numpy as np

from s2st_bench.types import Samples

from . import aligner, grammar, texts
from .speech import RATE_HZ, Speaker, Utterance, Voice, voices

LANGUAGES: Final = ("de", "en", "es")
SOURCES: Final = ("de", "en")
GRAMMAR_ITEMS: Final = {"dev": 30, "test": 60}
TALK_SECONDS: Final = (188.0, 236.0)
COMPRESSION: Final = 0.957
"""libsndfile's scale from 0 (best) to 1 (smallest); about 18 kbit/s here."""
_ALIGN_ON: Final = 1500
Split = Literal["dev", "test", "talks"]
Links = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence to speak: texts by language, and how it was aligned."""

    id: str
    origin: Literal["hand", "grammar"]
    texts: dict[str, str]
    links: dict[tuple[str, str], Links]

    def alignment(self, source: str) -> dict[str, Links]:
        return {t: self.links[source, t] for t in LANGUAGES if t != source}


@dataclass(frozen=True, slots=True)
class Made:
    """One recording: its audio and its lines of the data file."""

    id: str
    samples: Samples
    rows: tuple[dict[str, Any], ...]


class HandAligner:
    """Automatic alignments between all three languages, learned once."""

    def __init__(self, sentences: Sequence[dict[str, str]]) -> None:
        learned = [{k: t.text(k) for k in LANGUAGES}
                   for t in islice(grammar.sentences(0), _ALIGN_ON)]
        rows = [{k: aligner.normal(row[k]) for k in LANGUAGES} for row in [*learned, *sentences]]
        self._tables = {(a, b): aligner.learn([(row[a], row[b]) for row in rows])
                        for a in LANGUAGES for b in LANGUAGES if a != b}

    def links(self, row: dict[str, str]) -> dict[tuple[str, str], Links]:
        return {(a, b): tuple(aligner.align(row[a], row[b], self._tables[a, b],
                                            self._tables[b, a]))
                for a in SOURCES for b in LANGUAGES if a != b}


def _from_triple(identity: str, triple: grammar.Triple) -> Sentence:
    return Sentence(identity, "grammar", {k: triple.text(k) for k in LANGUAGES},
                    {(a, b): triple.alignment(a, b)
                     for a in SOURCES for b in LANGUAGES if a != b})


def _near(a: str, b: str) -> bool:
    """Whether two sentences share most of their words."""
    x, y = set(aligner.normal(a)), set(aligner.normal(b))
    return len(x & y) / len(x | y) > 0.6


@cache
def grammar_items() -> dict[tuple[str, str], tuple[Sentence, ...]]:
    """Grammar sentences by source language and split, all kinds alike, no two nearly the same."""
    taken: list[str] = []
    items: dict[tuple[str, str], tuple[Sentence, ...]] = {}
    for source in SOURCES:
        for split, count in GRAMMAR_ITEMS.items():
            rng = Random(f"conference-{source}-{split}")
            found: list[Sentence] = []
            while len(found) < count:
                kind = grammar.KINDS[len(found) % len(grammar.KINDS)]
                triple = grammar.sentence(rng, kind, longest=22)
                if any(_near(triple.de, other) for other in taken):
                    continue
                taken.append(triple.de)
                found.append(_from_triple(f"grammar-{split}-{len(found) + 1:03d}", triple))
            items[source, split] = tuple(found)
    return items


def _talk_sentence(rng: Random, kind: str, used: set[str]) -> Sentence:
    """A grammar sentence that is in no short-form split and not yet in ``used``."""
    while True:
        triple = grammar.sentence(rng, kind, longest=20)
        if triple.de not in used:
            used.add(triple.de)
            return _from_triple("", triple)


@cache
def hand_sentences() -> tuple[dict[str, tuple[Sentence, ...]], dict[str, list[Sentence | str]]]:
    """Hand-written items by split, and talks as sentences or grammar kinds."""
    items, scripts = texts.hand_items(), texts.scripts()
    rows = [{k: i.text(k) for k in LANGUAGES} for i in items]
    rows += [{k: line.text(k) for k in LANGUAGES} for lines in scripts.values()
             for line in lines if line.kind == "hand"]
    aligned = HandAligner(rows)

    def sentence(identity: str, row: dict[str, str]) -> Sentence:
        return Sentence(identity, "hand", row, aligned.links(row))

    short = {split: tuple(sentence(f"hand-{split}-{i.id.rpartition('-')[2]}",
                                   {k: i.text(k) for k in LANGUAGES})
                          for i in items if i.split == split) for split in ("dev", "test")}
    talks: dict[str, list[Sentence | str]] = {}
    for talk, lines in scripts.items():
        talks[talk] = [sentence("", {k: line.text(k) for k in LANGUAGES})
                       if line.kind == "hand" else line.kind for line in lines]
    return short, talks


def _row(sentence: Sentence, *, identity: str, recording: str, split: str, source: str,
         voice: Voice, spoken: Utterance, start_s: float, end_s: float) -> dict[str, Any]:
    return {
        "id": identity, "recording": recording, "split": split, "lang": source,
        "speaker": voice.id, "origin": sentence.origin, "start": round(start_s, 3),
        "end": round(end_s, 3), "transcript": sentence.texts[source],
        "references": {k: sentence.texts[k] for k in LANGUAGES if k != source},
        "words": [[w.text, round(start_s + w.start_s, 3), round(start_s + w.end_s, 3)]
                  for w in spoken.words],
        "alignment": {k: [list(pair) for pair in links]
                      for k, links in sentence.alignment(source).items()},
        "alignment_by": "grammar" if sentence.origin == "grammar" else "automatic"}


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def short_form(speaker: Speaker, sentence: Sentence, source: str, split: str,
               voice: Voice) -> Made:
    """One sentence with a little silence around it."""
    identity = f"{source}-{sentence.id}"
    rng = Random(identity)
    before, after = _silence(rng.uniform(0.15, 0.45)), _silence(rng.uniform(0.2, 0.4))
    spoken = speaker.speak(sentence.texts[source], voice)
    samples = np.concatenate([before, spoken.samples, after])
    start = len(before) / RATE_HZ
    row = _row(sentence, identity=identity, recording=identity, split=split, source=source,
               voice=voice, spoken=spoken, start_s=start, end_s=start + spoken.duration_s)
    return Made(identity, samples, ({**row, "duration": len(samples) / RATE_HZ},))


def long_form(speaker: Speaker, name: str, script: Sequence[Sentence | str], source: str,
              voice: Voice) -> Made:
    """One talk of three to four minutes: grammar lines are added or left out to fit."""
    identity = f"{source}-talk-{name}"
    rng = Random(identity)
    lines: list[Sentence | str] = list(script)
    spoken: dict[int, Utterance] = {}
    used = {item.texts["de"] for items in grammar_items().values() for item in items}
    sentences = [line if isinstance(line, Sentence) else _talk_sentence(rng, line, used)
                 for line in lines]
    kinds = [line if isinstance(line, str) else "" for line in lines]
    pauses = [rng.uniform(0.5, 1.1) + (0.6 if not k else 0.0) for k in kinds]
    while True:
        for sentence in sentences:
            if id(sentence) not in spoken:
                spoken[id(sentence)] = speaker.speak(sentence.texts[source], voice)
        total = sum(spoken[id(s)].duration_s for s in sentences) + sum(pauses) + 1.0
        grammar_at = [i for i, s in enumerate(sentences) if s.origin == "grammar"]
        if TALK_SECONDS[0] <= total <= TALK_SECONDS[1]:
            break
        where = rng.choice(grammar_at)
        if total > TALK_SECONDS[1]:
            for column in (sentences, kinds, pauses):
                del column[where]
        else:
            kind = kinds[where]
            sentences.insert(where + 1, _talk_sentence(rng, kind, used))
            kinds.insert(where + 1, kind)
            pauses.insert(where + 1, rng.uniform(0.5, 1.1))
    blocks, rows = [_silence(1.0)], []
    position = len(blocks[0])
    for number, (sentence, pause) in enumerate(zip(sentences, pauses, strict=True), 1):
        said = spoken[id(sentence)]
        start = position / RATE_HZ
        rows.append(_row(sentence, identity=f"{identity}-{number:02d}", recording=identity,
                         split="talks", source=source, voice=voice, spoken=said, start_s=start,
                         end_s=start + said.duration_s))
        blocks += [said.samples, _silence(pause)]
        position += len(said.samples) + len(blocks[-1])
    samples = np.concatenate(blocks)
    duration = len(samples) / RATE_HZ
    return Made(identity, samples, tuple({**row, "duration": duration} for row in rows))


def make(speaker: Speaker, source: str, split: Split) -> Iterator[Made]:
    """All recordings of a source language and split, in order."""
    short, talks = hand_sentences()
    if split == "talks":
        everyone = voices(source)
        for number, (name, script) in enumerate(talks.items()):
            # Held-out voices come last in the table: two of the six talks are theirs.
            yield long_form(speaker, name, script, source, everyone[-1 - number])
        return
    pool = voices(source, held_out=split == "test")
    for number, sentence in enumerate((*short[split], *grammar_items()[source, split])):
        yield short_form(speaker, sentence, source, split, pool[number % len(pool)])


def write(folder: Path, source: str, split: Split, made: Iterator[Made]) -> None:
    """``data/<source>.<split>.jsonl`` and ``audio/<source>/<recording>.opus`` under ``folder``."""
    import soundfile

    audio = folder / "audio" / source
    audio.mkdir(parents=True, exist_ok=True)
    (folder / "data").mkdir(exist_ok=True)
    lines = []
    for recording in made:
        soundfile.write(audio / f"{recording.id}.opus", recording.samples, RATE_HZ, format="OGG",
                        subtype="OPUS", compression_level=COMPRESSION)
        lines += [json.dumps(row, ensure_ascii=False) for row in recording.rows]
    (folder / "data" / f"{source}.{split}.jsonl").write_text("\n".join(lines) + "\n",
                                                            encoding="utf-8")
