"""Noise clips with one-sentence references, written where the test says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from s2st_bench.audio import write_wav
from s2st_bench.corpus import Corpus, CorpusCard
from s2st_bench.types import AudioSource, Recording, Segment, Word

RATE_HZ = 16_000


class Clips(Corpus):
    """``count`` clips; clip i lasts ``seconds`` and a little more, so that lengths differ."""

    def __init__(self, path: Path, count: int = 10, seconds: float = 1.0) -> None:
        self.path = path
        self.count = count
        self.seconds = seconds

    def card(self) -> CorpusCard:
        return CorpusCard("clips", "CC0-1.0", synthetic=True)

    def recordings(self) -> Iterator[Recording]:
        self.path.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(0)
        for i in range(self.count):
            n = int((self.seconds + 0.01 * i) * RATE_HZ)
            file = self.path / f"clip{i}.wav"
            if not file.exists():
                write_wav(file, rng.normal(0, 0.05, n).astype(np.float32), RATE_HZ)
            end_s = n / RATE_HZ
            texts = [f"word{j}" for j in range(5)]
            words = tuple(
                Word(text, end_s * j / 5, end_s * (j + 1) / 5) for j, text in enumerate(texts)
            )
            segment = Segment(
                "0", 0.0, end_s, " ".join(texts), {"de": (" ".join(t.upper() for t in texts),)},
                words=words, alignment={"de": tuple((j, j) for j in range(5))},
            )
            yield Recording(f"clip{i}", AudioSource(file), "en", ("de",), (segment,))
