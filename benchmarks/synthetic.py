"""Run folders of any size, made without a replay: what scoring and boards are measured on.

Recordings of 4 to 12 s are heard in chunks of 320 ms; a system says each word of the reference
(or another word, or nothing) some time after it was spoken, and computes a little at every chunk.
One recording in a thousand failed.  Every recording is a cluster of its own, which is the most
that statistics can be given.  Lines are written as they are made; the run folders of one corpus
share its recordings by hard link.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from s2st_bench import records
from s2st_bench.types import AudioSource, Recording, RunRecord, Segment

CHUNK_S = 0.32
WORD_S = 0.4
_SHARE_FAILED = 0.001


@dataclass(frozen=True, slots=True)
class Corpus:
    """Seeded synthetic recordings of one test set."""

    n: int
    seed: int = 0

    def __iter__(self) -> Iterator[Recording]:
        rng = random.Random(self.seed)
        words = vocabulary()
        for index in range(self.n):
            text = rng.choices(words, k=rng.randint(10, 30))
            length_s = round(len(text) * WORD_S, 3)
            segment = Segment("0", 0.0, length_s, " ".join(reversed(text)),
                              {"de": (" ".join(text),)})
            yield Recording(f"recording-{index:06d}",
                            AudioSource(Path("synthetic.wav"), index * 12.0, length_s),
                            "en", ("de",), (segment,), cluster=f"cluster-{index:06d}")


def vocabulary() -> list[str]:
    """Two thousand words of two to four syllables."""
    rng = random.Random(7)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    return ["".join(rng.choices(syllables, k=rng.randint(2, 4))) for _ in range(2000)]


def write_run(folder: Path, corpus: Corpus, number: int, like: Path | None = None) -> Path:
    """The run folder of system ``number`` of a corpus, unscored.

    ``like`` is another run of the corpus, whose recordings are linked to.
    """
    folder.mkdir(parents=True)
    listed = folder / "recordings.jsonl"
    if like is None:
        with listed.open("w", encoding="utf-8") as file:
            for recording in corpus:
                file.write(records.encode_recording(recording) + "\n")
    else:
        os.link(like / "recordings.jsonl", listed)
    with (folder / "traces.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(_traces(corpus, number))
    record = RunRecord(
        system=f"system-{number:02d}", corpus="synthetic", clock="simulated",
        config={"system": {"name": f"system-{number:02d}"}, "chunk_s": CHUNK_S},
        source_lang="en", target_lang="de", outputs=("text",),
        corpus_card={"name": "synthetic", "licence": "CC0-1.0", "synthetic": True},
        fingerprint=f"{corpus.seed:08x}{corpus.n:08x}", n_recordings=corpus.n,
        host={"cpu": "Synthetic", "cores": 1}, started_at="2026-01-01T00:00:00+00:00",
        status="finished",
    )
    (folder / "run.json").write_text(records.encode_run(record), "utf-8")
    return folder


def _traces(corpus: Corpus, number: int) -> Iterator[str]:
    """Lines of ``traces.jsonl``, in the form of :mod:`s2st_bench.trace`."""
    rng = random.Random((corpus.seed + 1) * 1000 + number)
    words = vocabulary()
    right, lag_s = 0.6 + 0.015 * number, 0.8 + 0.1 * number
    for recording in corpus:
        (segment,) = recording.segments
        said = [(word if rng.random() < right else rng.choice(words), (at + 1) * WORD_S + lag_s)
                for at, word in enumerate(segment.references["de"][0].split())
                if rng.random() < 0.95]
        failed = rng.random() < _SHARE_FAILED
        steps = [] if failed else list(_steps(said, segment.end_s, rng))
        error = {"kind": "raised", "message": "synthetic failure"} if failed else None
        head = json.dumps({
            "version": 1, "system": f"system-{number:02d}", "recording_id": recording.id,
            "target_lang": "de", "source_length": segment.end_s, "clock": "simulated",
            "host": "Synthetic x1", "load": {"workers": 1, "cores": 1, "shared": False},
            **({"error": error} if error else {}),
        }, separators=(",", ":"))
        yield f'{head[:-1]},"steps":[{",".join(steps)}]}}\n'


def _steps(said: list[tuple[str, float]], length_s: float, rng: random.Random) -> Iterator[str]:
    """One step a chunk; words are said at the first chunk after their time, the rest at the end."""
    heard_s, job, free_s = 0.0, 0, 0.0
    waiting = iter([*said, ("", float("inf"))])
    word, due_s = next(waiting)
    while heard_s < length_s:
        heard_s = min(heard_s + CHUNK_S, length_s)
        start_s = max(heard_s, free_s)
        free_s = start_s + rng.uniform(0.02, 0.2)
        text = ""
        while word and (due_s <= heard_s or heard_s >= length_s):
            text += word + " "
            word, due_s = next(waiting)
        write = f',"writes":[{{"job":{job},"at_s":0.01,"text":"{text}"}}]' if text else ""
        yield (f'{{"source_s":{heard_s:.3f},"arrived_s":{heard_s:.3f},'
               f'"jobs":[[{job},"system",{start_s:.4f},{free_s:.4f}]]{write}}}')
        job += 1
