"""Forced alignment by pocketsphinx, with the English acoustic model of its wheel.

Words of any language that espeak-ng knows are found: their sounds are looked for as the English
ones nearest to them (:mod:`.pronounce`).  Between words there may be silence or noise.  The
search is exact: nothing is pruned.

Long speech is aligned window by window.  How many words a window holds is found without its pauses,
where words must fill the sound; which part of it is then aligned, and where the next window
begins, is up to :mod:`.windows`.  Times are multiples of 10 ms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from s2st_bench.audio import ready
from s2st_bench.errors import DependencyError, NotAligned
from s2st_bench.parts import AlignerModel
from s2st_bench.speech import espeak
from s2st_bench.types import Samples, Word

from .pronounce import Pronunciations
from .vad import RATE_HZ
from .windows import LONGEST_S, Window

FRAME_S: Final = 0.01
_PHONE_S: Final = 0.03
"""A phone has three states, each at least a frame long."""
_SILENT: Final = 1e-4
"""Sound that never exceeds this amplitude holds no speech."""
_SETTINGS: Final[Mapping[str, Any]] = {
    "lm": None, "dict": None, "samprate": float(RATE_HZ), "loglevel": "FATAL",
    "bestpath": False, "beam": 0.0, "wbeam": 0.0, "pbeam": 0.0,
    # The closure of a stop is no pause: silence between words must be worth its while.
    "silprob": 1e-12, "fillprob": 1e-16,
}

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A word that is said: its index and its pronunciations."""

    index: int
    ways: tuple[str, ...]

    @property
    def shortest_s(self) -> float:
        return _PHONE_S * min(len(way.split()) for way in self.ways)


class SphinxAligner(AlignerModel):
    """Any language of espeak-ng, by an English acoustic model."""

    def __init__(self) -> None:
        self._module: Any = None
        self._pronunciations: Pronunciations | None = None

    def load(self) -> None:
        if self._module is not None:
            return
        try:
            import pocketsphinx
        except ImportError:
            raise DependencyError("pocketsphinx", "alignment by pocketsphinx", "cascade") from None
        folder = Path(pocketsphinx.get_model_path()) / "en-us"
        self._pronunciations = Pronunciations(folder / "cmudict-en-us.dict")
        self._module = pocketsphinx

    def signature(self) -> Mapping[str, str]:
        return {"aligner": "pocketsphinx", "version": version("pocketsphinx"),
                "pronunciations": f"cmudict+espeak-ng {espeak.version()}"}

    def align(
        self, samples: Samples, rate_hz: int, words: Sequence[str], lang: str
    ) -> tuple[Word, ...]:
        self.load()
        sound = ready(samples, rate_hz, RATE_HZ)
        spoken = [_Spoken(i, ways) for i, ways in enumerate(self._ways(words, lang)) if ways]
        if spoken and not (np.abs(sound) > _SILENT).any():
            raise NotAligned("the speech is silent")
        places = dict(zip((word.index for word in spoken), self._places(sound, spoken),
                          strict=True))
        found, end_s = [], 0.0
        for index, text in enumerate(words):
            start_s, end_s = places.get(index, (end_s, end_s))
            found.append(Word(text, start_s, end_s))
        return tuple(found)

    def _ways(self, words: Sequence[str], lang: str) -> list[tuple[str, ...]]:
        if self._pronunciations is None:
            return []
        return self._pronunciations.of(words, lang)

    def _places(self, sound: Samples, spoken: Sequence[_Spoken]) -> list[Span]:
        """Start and end of each spoken word, window by window."""
        places: list[Span] = []
        at = 0
        while len(sound) - at > LONGEST_S * RATE_HZ and len(places) < len(spoken):
            window = Window(sound[at:])
            if window.is_rest:
                break
            rest = spoken[len(places) :]
            rough = self._search(window.speech, rest[: _most(rest, window.speech)], rough=True)
            count, end = window.cut([end_s for _, end_s in rough])
            exact = self._search(sound[at : at + end], rest[:count])
            places += [(at / RATE_HZ + a, at / RATE_HZ + b) for a, b in exact]
            at += end
        exact = self._search(sound[at:], spoken[len(places) :])
        return places + [(at / RATE_HZ + a, at / RATE_HZ + b) for a, b in exact]

    def _search(
        self, sound: Samples, words: Sequence[_Spoken], rough: bool = False
    ) -> list[Span]:
        """Spans of ``words`` in ``sound``.

        ``rough``: of the first words, as many as fill the sound best, which holds no pauses.

        Raises
        ------
        NotAligned
            The words do not fit.
        """
        if not words:
            return []
        decoder = self._module.Decoder(**_SETTINGS, fsgusefiller=not rough)
        for number, word in enumerate(words):
            for way, phones in enumerate(word.ways, 1):
                name = f"{number}" if way == 1 else f"{number}({way})"
                decoder.add_word(name, phones, False)
        arcs: list[tuple[Any, ...]] = [(n, n + 1, 1.0, str(n)) for n in range(len(words))]
        if rough:
            arcs += [(n, len(words), 1.0) for n in range(1, len(words))]
        decoder.add_fsg("words", decoder.create_fsg("words", 0, len(words), arcs))
        decoder.activate_search("words")
        pcm = np.rint(sound * 32_767.0).astype("<i2")
        decoder.start_utt()
        if len(pcm):  # an empty buffer is an error
            decoder.process_raw(pcm.tobytes(), full_utt=True)
        decoder.end_utt()
        found = [
            (segment.start_frame * FRAME_S, (segment.end_frame + 1) * FRAME_S)
            for segment in decoder.seg() or () if segment.word[0].isdigit()
        ]
        if len(found) < (1 if rough else len(words)):
            raise NotAligned(f"{len(words)} words are not to be found in "
                             f"{len(sound) / RATE_HZ:.2f} s of speech")
        return found


def _most(words: Sequence[_Spoken], sound: Samples) -> int:
    """How many of the first words could be said in the sound."""
    lengths = np.cumsum([word.shortest_s for word in words])
    return max(1, int(np.searchsorted(lengths, len(sound) / RATE_HZ)))
