"""A folder of wav files as a corpus: one segment each, with evenly spaced words.

The references repeat the words of the transcript, so that a simulated interpreter knows what to
say when.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import soundfile

from s2st_bench.corpus import Corpus, CorpusCard
from s2st_bench.errors import CorpusError
from s2st_bench.types import AudioSource, Recording, Segment, Word


class Clips(Corpus):
    """All wav files of ``folder``, in order of their names."""

    def __init__(self, *, folder: Path, words_per_s: float = 2.0) -> None:
        self.folder = folder
        self.words_per_s = words_per_s

    def card(self) -> CorpusCard:
        return CorpusCard("clips", licence="CC0-1.0", synthetic=True)

    def recordings(self) -> Iterator[Recording]:
        paths = sorted(self.folder.glob("*.wav"))
        if not paths:
            raise CorpusError(f"{self.folder}: no wav files")
        for path in paths:
            info = soundfile.info(path)
            yield Recording(
                id=path.stem,
                source=AudioSource(path),
                source_lang="de",
                target_langs=("en",),
                segments=(self._segment(path.stem, info.duration),),
                sample_rate_hz=info.samplerate,
            )

    def _segment(self, name: str, length_s: float) -> Segment:
        count = int(length_s * self.words_per_s)
        step_s = 1 / self.words_per_s
        words = tuple(
            Word(f"w{i}", i * step_s, (i + 1) * step_s) for i in range(count)
        )
        text = " ".join(word.text for word in words)
        return Segment(
            id=name,
            start_s=0.0,
            end_s=length_s,
            transcript=text,
            references={"en": (text,)},
            words=words,
            alignment={"en": tuple((i, i) for i in range(count))},
        )
