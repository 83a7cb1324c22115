"""The words of the translation as it was spoken, sentence by sentence.

Words come from the best a system gives: those of its writes with their times; else its text, the
letters spread evenly over the speech that came with it; or, where a recogniser is named, from what
it hears.  Places are seconds in the gapless speech (:mod:`s2st_bench.sound`), so that silence
inserted between pieces counts nowhere.

A text belongs to the speech of its write and of the following writes that bring speech alone (a
voice that is sent in slices); text without any speech is said with the next.  Words of speech
that was dropped or cut off before their end were not heard and are left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from s2st_bench.metric import Item, Unscored
from s2st_bench.parts import RecogniserModel
from s2st_bench.sound import Sound
from s2st_bench.timeline import output_writes
from s2st_bench.transcripts import (
    UNSPACED,
    Transcriber,
    base_code,
    by_recording,
    emissions_of,
    joined,
)
from s2st_bench.types import Word
from s2st_bench.units import unit_spans

_NOISE_S = 1e-6


@dataclass(frozen=True, slots=True)
class Spoken:
    """What of one sentence was said aloud."""

    words: tuple[Word, ...]
    """In order, with places in the gapless speech; empty: it was not said."""
    sound: Sound

    @property
    def duration_s(self) -> float:
        """From its first word to its last, without silence inserted between."""
        return lasts_s(self.words) if self.words else 0.0

    def end_s(self, aware: bool) -> float:
        """When its last word had been heard."""
        last = max(word.end_s for word in self.words)
        return float(self.sound.listened(np.array([last]), aware)[0])


class Speaker:
    """Where the words of a trace's speech come from.

    ``asr`` none: from the system itself.
    """

    def __init__(self, asr: RecogniserModel | None = None) -> None:
        self._transcriber = None if asr is None else Transcriber(asr)

    def signature(self) -> Mapping[str, str]:
        if self._transcriber is None:
            return {"words": "system"}
        return {"words": "asr", **self._transcriber.model.signature()}

    def words(self, sound: Sound) -> tuple[Word, ...] | Unscored:
        return own_words(sound) if self._transcriber is None else self._transcriber.of(sound)


def spoken_items(items: Sequence[Item], speaker: Speaker) -> list[Spoken | Unscored]:
    """What of each item was said aloud, or why that is not known."""
    made: list[Spoken | Unscored] = []
    for group in by_recording(items):
        found = _of_recording(group[0], speaker)
        if isinstance(found, Unscored):
            made += [found] * len(group)
        else:
            made += [found[item.id] for item in group]
    return made


def sound_of(item: Item) -> Sound | Unscored:
    """The item's speech, or why there is none."""
    if item.failed:
        return Unscored("the recording failed")
    if "speech" not in item.trace.outputs:
        return Unscored("no speech output")
    return item.sound or Sound(item.trace, live=item.live)


def own_words(sound: Sound) -> tuple[Word, ...] | Unscored:
    """The words a system gave with its speech, in the gapless speech."""
    lang = sound.trace.target_lang
    found: list[Word] = []
    unfinished = False
    for part in _parts(sound):
        placed = part.words or spread(part.text, part.whole_s, lang)
        heard = sorted((_moved(word, part) for word in placed if _was_heard(word, part)),
                       key=lambda word: word.start_s)
        continues = unfinished and not part.words and not part.text[:1].isspace()
        if heard and found and continues:
            rest = heard.pop(0)  # of a word that was written in two goes
            found[-1] = Word(found[-1].text + rest.text, found[-1].start_s, rest.end_s)
        found += heard
        if part.text:
            unfinished = not (part.words or part.text[-1].isspace() or base_code(lang) in UNSPACED)
    if not found and sound.stretches:
        return Unscored("the system gave no words with its speech: name a recogniser (.asr=)")
    return tuple(found)


def lasts_s(words: Sequence[Word]) -> float:
    """From the first of some words, in order, to the end of the last."""
    return max(word.end_s for word in words) - words[0].start_s


def spread(text: str, duration_s: float, lang: str) -> list[Word]:
    """The words of a text over ``duration_s`` of speech, each as long as it has letters."""
    words = list("".join(text.split())) if base_code(lang) in UNSPACED else text.split()
    ends = list(accumulate(len(word) for word in words))
    return [
        Word(word, duration_s * (end - len(word)) / ends[-1], duration_s * end / ends[-1])
        for word, end in zip(words, ends, strict=True)
    ]


@dataclass(slots=True)
class _Part:
    """Speech of one text."""

    text: str
    words: list[Word]
    begin_s: float = 0.0
    whole_s: float = 0.0
    heard_s: float = 0.0


def _parts(sound: Sound) -> list[_Part]:
    """What was said in order, with what was heard of it: its beginning."""
    pieces = {piece.write: piece for piece in sound.trace.pieces if piece.length}
    heard = {stretch.write: stretch for stretch in sound.stretches}
    parts: list[_Part] = []
    text, words = "", list[Word]()
    for index, (_, write) in enumerate(output_writes(sound.trace)):
        text = text[: max(0, len(text) - write.retract_chars)] + write.text
        words += write.words
        piece = pieces.get(index)
        if piece is None:
            continue
        if text.strip() or words or not parts:
            parts.append(_Part(text, words))
        part = parts[-1]
        part.whole_s += piece.length / piece.sample_rate_hz
        if (stretch := heard.get(index)) is not None:
            part.begin_s = part.begin_s if part.heard_s else stretch.begin_s
            part.heard_s += stretch.duration_s
        text, words = "", []
    return parts


def _was_heard(word: Word, part: _Part) -> bool:
    if not math.isfinite(word.start_s + word.end_s) or word.end_s < word.start_s:
        return False
    whole = part.heard_s >= part.whole_s - _NOISE_S
    return whole or word.end_s <= part.heard_s + _NOISE_S


def _moved(word: Word, part: _Part) -> Word:
    """The word in the gapless speech; a time outside its speech is moved to its end."""
    start, end = (part.begin_s + min(max(t, 0.0), part.heard_s) for t in (word.start_s, word.end_s))
    return Word(word.text, start, end)


def _of_recording(item: Item, speaker: Speaker) -> dict[str, Spoken] | Unscored:
    """What was said of each item of the recording, by the item's id."""
    sound = sound_of(item)
    if isinstance(sound, Unscored):
        return sound
    words = speaker.words(sound)
    if isinstance(words, Unscored):
        return words
    if not item.recording.long_form:
        return {item.id: Spoken(words, sound)}
    if item.recut is None:
        return Unscored("the sentences of the recording are not known")
    text = joined([word.text for word in words], sound.trace.target_lang)
    said = emissions_of(words, sound, text, item.unit)
    # A recording is cut by handing its units on, so that each still knows its word.
    owner = dict(zip(map(id, said), _owners(words, text, item), strict=True))
    found, taken = {}, -1
    for cut in item.recut(text, said):
        numbers = sorted({owner[id(e)] for e in cut.emissions})
        fresh = [i for i in numbers if i > taken]  # letters of one word may be cut apart
        taken = max(numbers, default=taken)
        found[cut.id] = Spoken(tuple(words[i] for i in fresh), sound)
    return found


def _owners(words: Sequence[Word], text: str, item: Item) -> list[int]:
    """Index of the word that holds the last character of each unit of ``text``."""
    ends, at = [], 0
    for word in words:
        at = text.index(word.text, at) + len(word.text)
        ends.append(at)
    _, spans = unit_spans(text, item.unit)
    return [int(i) for i in np.searchsorted(ends, [end for _, end in spans])]
