"""Which words were heard, and when: what all metrics of heard words share.

``words``
    ``asr``: what a recogniser hears, the same one for all systems; ``text``: the system's own
    final text; ``given``: the words and times that the system gave with its speech.
``times``
    Words of ``asr`` and ``text`` are found in the gapless speech by forced alignment.  Where the
    aligner cannot find a recogniser's words, the recogniser's own times stand in, and the
    signature says so.
``at``
    Where in a word its time is: its ``end``, ``centre`` or ``begin``.

A word is heard when its place in the gapless speech is played (:mod:`s2st_bench.sound`), on the
unaware or the aware timeline.  Long form is cut into segments again by the words that were heard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from s2st_bench.alignments import aligned
from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.parts import AlignerModel, RecogniserModel
from s2st_bench.sound import Sound
from s2st_bench.timed import SPEECH
from s2st_bench.timeline import final_text, output_writes
from s2st_bench.transcripts import UNSPACED, Transcriber, base_code, emissions_of, joined
from s2st_bench.types import Emission, Speech, Word

Source = Literal["asr", "text", "given"]
Place = Literal["end", "centre", "begin"]
NEEDS: Final = SPEECH

_SHARE: Final[Mapping[Place, float]] = MappingProxyType({"end": 1.0, "centre": 0.5, "begin": 0.0})


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording as it was heard."""

    words: tuple[Word, ...]
    """With times in the gapless speech."""
    said: tuple[Emission, ...]
    items: Mapping[str, Item]
    """The recording's items by id, answered with the words at the times they were heard."""
    by: Mapping[str, str]
    """Signature of what found the words."""


class Hearing(Metric):
    """A metric of heard words.

    Parameters
    ----------
    words
        ``asr``, ``text`` or ``given``.
    asr
        The recogniser; by the name of a metric (``HeardLAAL@reference``) or as an option.
    aligner
        What finds the words; none is ``auto`` (:mod:`s2st_bench.default_aligner`).
    at
        ``end``, ``centre`` or ``begin`` of a word.
    """

    def __init__(
        self, *, aware: bool = False, words: Source = "asr", asr: RecogniserModel | None = None,
        aligner: AlignerModel | None = None, at: Place = "end",
    ) -> None:
        super().__init__(aware=aware)
        self.words: Source = words
        self.asr = asr
        self.aligner = aligner
        self.at: Place = at
        self._by: dict[str, set[str]] = {}

    def heard(self, item: Item) -> Item | Unscored:
        """The item, answered with the words that were heard."""
        found = self.recording(item)
        return found if isinstance(found, Unscored) else found.items[item.id]

    def recording(self, item: Item) -> Heard | Unscored:
        """The whole recording of the item as it was heard."""
        if item.failed:
            return Unscored("the recording failed")
        if item.sound is None or item.recut is None:
            return Unscored("no speech output")
        if item.source_unit == "tokens":
            return Unscored("text input has no time")
        key = (Hearing, self.words, self.asr, self.aligner, self.at, item.unit)
        found = item.sound.once(key, lambda: self._hear(item))
        if isinstance(found, Heard):
            for name, value in found.by.items():
                self._by.setdefault(name, set()).add(value)
        return found

    def timed(self, item: Item) -> tuple[Item, Floats] | Unscored:
        """:meth:`heard`, and when its words were: finite ``float64[n]``, n >= 1."""
        heard = self.heard(item)
        if isinstance(heard, Unscored):
            return heard
        if not heard.units:
            return Unscored("no word was heard")
        times = heard.elapsed if self.aware else heard.delays
        if times is None:
            return Unscored("compute was not measured")
        if not np.isfinite(times).all():
            return Unscored("a time is not a finite number")
        return heard, times

    def silent(self, item: Item) -> bool:
        """Whether nothing was heard of the item."""
        if item.failed or not item.trace.pieces:
            return True
        heard = self.heard(item)
        return not isinstance(heard, Unscored) and not heard.units

    def signature(self) -> Mapping[str, str]:
        by = {name: "+".join(sorted(values)) for name, values in self._by.items()}
        return {"words": self.words, **by, "at": self.at}

    def _hear(self, item: Item) -> Heard | Unscored:
        sound, recut = item.sound, item.recut
        if sound is None or recut is None:
            return Unscored("no speech output")
        found = self._words(sound)
        if isinstance(found, Unscored):
            return found
        words, by = found
        text = joined([word.text for word in words], item.trace.target_lang)
        said = emissions_of(words, sound, text, item.unit, _SHARE[self.at])
        return Heard(words, said, {made.id: made for made in recut(text, said)}, by)

    def _words(self, sound: Sound) -> tuple[tuple[Word, ...], Mapping[str, str]] | Unscored:
        """Words in the gapless speech, and the signature of what found them."""
        if self.words == "given":
            given = given_words(sound)
            return given if isinstance(given, Unscored) else (given, {"times": "given"})
        speech = sound.read()
        if isinstance(speech, Unscored):
            return speech
        lang = sound.trace.target_lang
        if self.words == "text":
            if "text" not in sound.trace.outputs:
                return Unscored("no text output")
            found = self.align(speech, spoken_words(final_text(sound.trace), lang), lang)
            return found if isinstance(found, Unscored) else (found, self._aligner(lang))
        if self.asr is None:
            return Unscored("no recogniser is given: name one, as in HeardLAAL@reference")
        heard = Transcriber(self.asr).of(sound)
        if isinstance(heard, Unscored):
            return heard
        asr = {"asr": _flat(self.asr.of(base_code(lang)).signature())}
        found = self.align(speech, [word.text for word in heard], lang)
        if isinstance(found, Unscored):
            return heard, {**asr, "times": "asr"}
        return found, {**asr, **self._aligner(lang)}

    def align(
        self, speech: Speech, words: Sequence[str], lang: str
    ) -> tuple[Word, ...] | Unscored:
        """``words`` where they are said."""
        if not words:
            return ()
        if self.aligner is None:
            return Unscored("no aligner is given")
        return aligned(self.aligner, speech, words, lang)

    def aligner_name(self, lang: str) -> str:
        """Of the aligner that finds words of ``lang``."""
        return "" if self.aligner is None else _flat(self.aligner.of(base_code(lang)).signature())

    def _aligner(self, lang: str) -> Mapping[str, str]:
        return {"times": "aligner", "aligner": self.aligner_name(lang)}


def given_words(sound: Sound) -> tuple[Word, ...] | Unscored:
    """The words a system gave with its speech, as far as they were heard, with times in the
    gapless speech.
    """
    if sound.trace.error is not None:
        return Unscored("the recording failed")
    if not sound.stretches:
        return Unscored("no output")
    writes = [write for _, write in output_writes(sound.trace)]
    found: list[Word] = []
    for stretch in sound.stretches:
        for word in writes[stretch.write].words:
            if word.start_s < stretch.duration_s:
                begin_s = stretch.begin_s + max(0.0, word.start_s)
                end_s = stretch.begin_s + min(word.end_s, stretch.duration_s)
                found.append(Word(word.text, begin_s, max(begin_s, end_s)))
    return tuple(found) or Unscored("the system gives no word times")


def spoken_words(text: str, lang: str) -> list[str]:
    """The words of a text; characters where the language writes no spaces."""
    return [c for c in text if not c.isspace()] if base_code(lang) in UNSPACED else text.split()


def _flat(signature: Mapping[str, str]) -> str:
    return " ".join(signature.values())
