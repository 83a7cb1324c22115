"""Training speech, spoken once and kept as features.

A shard is a folder: ``features.npy`` (``float16[frames, MELS]``, all utterances end to end) and
``rows.jsonl`` (one line an utterance: language, texts, voice, first frame and number of frames).
Every utterance begins and ends with a little silence of random length, so that a model does not
learn that speech starts at zero; the end is filled up to whole chunks by the batcher.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt

from s2st_bench.corpus import TrainingCorpus
from s2st_bench.errors import CorpusError, InputError

from ..frontend import HOP, MELS, RATE_HZ, log_mel

SHARD_HOURS = 4.0
"""Speech in one shard; more is spread over several, each with a seed of its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One utterance; ``start`` and ``count`` in frames of ``features.npy``."""

    lang: str
    texts: dict[str, str]
    voice: str
    start: int
    count: int


@dataclass(frozen=True, slots=True)
class Shard:
    """Utterances and their features."""

    features: npt.NDArray[np.float16]
    rows: tuple[Row, ...]

    def frames(self, row: Row) -> npt.NDArray[np.float16]:
        return self.features[row.start : row.start + row.count]


def utterances(
    corpus: TrainingCorpus, lang: str, hours: float, seed: int
) -> Iterator[tuple[Row, npt.NDArray[np.float16]]]:
    """Training speech of ``hours`` in ``lang``, with features.

    Raises
    ------
    CorpusError
        The corpus has less.
    """
    rng = Random(f"reference-{lang}-{seed}")
    start, limit = 0, hours * 3600.0 * RATE_HZ / HOP
    for item in corpus.training_speech(lang, seed):
        if start >= limit:
            return
        if item.sample_rate_hz != RATE_HZ:
            raise CorpusError(f"training speech in {lang} is at {item.sample_rate_hz} Hz; the "
                              f"reference models hear {RATE_HZ} Hz")
        before, after = (rng.uniform(0.0, 0.6), rng.uniform(0.0, 0.5))
        gain = 10.0 ** (rng.uniform(-12.0, 3.0) / 20.0)
        sound = np.concatenate([
            np.zeros(int(before * RATE_HZ), np.float32),
            item.samples * np.float32(gain),
            np.zeros(int(after * RATE_HZ), np.float32),
        ])
        noise = 10.0 ** (rng.uniform(-80.0, -50.0) / 20.0)
        sound = sound + np.float32(noise) * np.random.default_rng(
            rng.getrandbits(32)
        ).standard_normal(len(sound), dtype=np.float32)
        frames = log_mel(sound).astype(np.float16)
        yield Row(lang, dict(item.texts), item.voice, start, len(frames)), frames
        start += len(frames)
    if start < limit:
        raise CorpusError(f"the corpus has {start * HOP / RATE_HZ / 3600:.3g} hours of training "
                          f"speech in {lang}, not {hours:g}; ask for less (data.hours)")


def make_shards(
    corpus: TrainingCorpus, folder: Path, hours: float, seed: int
) -> Iterator[Shard]:
    """``hours`` of speech in equal parts of the corpus' languages, in shards."""
    each = hours / len(corpus.spoken_langs)
    for lang in sorted(corpus.spoken_langs):
        for number in range(ceil(each / SHARD_HOURS)):
            part = min(SHARD_HOURS, each - number * SHARD_HOURS)
            yield make_shard(corpus, folder, lang, part, seed + number)


def make_shard(
    corpus: TrainingCorpus, folder: Path, lang: str, hours: float, seed: int
) -> Shard:
    """Speak, or read back what an earlier call with the same arguments spoke."""
    kept = folder / f"{lang}-{hours:g}h-seed{seed}"
    if not (kept / "rows.jsonl").is_file():
        kept.mkdir(parents=True, exist_ok=True)
        rows, parts = [], [np.zeros((0, MELS), np.float16)]
        for row, frames in utterances(corpus, lang, hours, seed):
            rows.append(row)
            parts.append(frames)
        np.save(kept / "features.npy", np.concatenate(parts))
        lines = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
        # Last and in one go: a folder with this file is whole.
        temporary = kept / "rows.jsonl.part"
        temporary.write_text(lines, encoding="utf-8")
        temporary.replace(kept / "rows.jsonl")
    return read_shard(kept)


def read_shard(folder: Path) -> Shard:
    """A shard that :func:`make_shard` has made.

    Raises
    ------
    InputError
        It is missing or damaged.
    """
    try:
        lines = (folder / "rows.jsonl").read_text(encoding="utf-8").split("\n")
        rows = tuple(Row(**json.loads(line)) for line in lines if line)
        return Shard(np.load(folder / "features.npy"), rows)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{folder}: features that cannot be read ({error}); remove the folder, "
                         "and it is made again") from None
