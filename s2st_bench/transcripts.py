"""Words of speech by a recogniser, kept by what was heard; and items made of heard words.

A transcript is kept (:mod:`s2st_bench.cache`) by the audio, the language and the recogniser's
signature: metrics that use the same recogniser transcribe once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

import numpy as np

from s2st_bench.cache import Cache
from s2st_bench.metric import Floats, Item, LatencyUnit, Unscored
from s2st_bench.parts import RecogniserModel
from s2st_bench.sound import Edge, Sound, digest
from s2st_bench.types import Emission, Samples, Speech, Word
from s2st_bench.units import Span, Tokenizer, unit_spans

UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
"""Languages written without spaces between words (base codes)."""

NEAR_S: Final = 0.1
"""How far a word found in speech may be off."""


def base_code(lang: str) -> str:
    """A language's code without its region: ``zh-CN`` gives ``zh``."""
    return lang.replace("_", "-").split("-")[0].lower()


class Transcriber:
    """A recogniser that hears each audio once."""

    def __init__(self, model: RecogniserModel, cache: Cache | None = None) -> None:
        self.model = model
        self._cache = cache

    def words(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...] | Unscored:
        """Words of ``float32[n]`` with times in seconds, or why there are none."""
        found = self.words_of_all([Speech(samples, rate_hz)], lang)
        return found if isinstance(found, Unscored) else found[0]

    def words_of_all(
        self, recordings: Sequence[Speech], lang: str
    ) -> list[tuple[Word, ...]] | Unscored:
        """Words of several recordings, those that were not heard before in one go."""
        base = base_code(lang)
        model = self.model.of(base)
        if model.languages and base not in model.languages:
            known = ", ".join(sorted(model.languages))
            return Unscored(f"the recogniser knows {known}, not {lang}: name another asr")
        cache = self._cache or model.kept
        asr = dict(model.signature())
        keys = [{"what": "transcript", "asr": asr, "lang": base,
                 "audio": digest(r.samples, r.sample_rate_hz)} for r in recordings]
        new = [i for i, key in enumerate(keys) if not cache.holds(key)]
        if new:
            model.load()
            heard = model.transcribe_many([recordings[i] for i in new], lang)
            for i, words in zip(new, heard, strict=True):
                cache.get(keys[i], _rows(words))
        return [tuple(Word(str(t), float(a), float(b)) for t, a, b in cache.get(key, list))
                for key in keys]

    def of(self, sound: Sound) -> tuple[Word, ...] | Unscored:
        """Words of a trace's gapless speech."""
        speech = sound.read()
        if isinstance(speech, Unscored):
            return speech
        return self.words(speech.samples, speech.sample_rate_hz, sound.trace.target_lang)


def _rows(words: Sequence[Word]) -> Callable[[], list[list[object]]]:
    return lambda: [[word.text, word.start_s, word.end_s] for word in words]


def joined(words: Sequence[str], lang: str) -> str:
    """Words as a text of the language."""
    return ("" if base_code(lang) in UNSPACED else " ").join(words)


def by_recording(items: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    """The items of each trace, which come in a row."""
    for _, group in groupby(items, key=lambda item: id(item.trace)):
        yield tuple(group)


def heard_items(
    items: Sequence[Item],
    words_of: Callable[[Item], tuple[Word, ...] | Unscored],
    *,
    at: float = 1.0,
    tokenizer: Tokenizer | None = None,
) -> list[Item | Unscored]:
    """Each item as if its recording had been answered with the words that were heard.

    Times of a word are those of its end on the listening timelines; long form is cut into
    segments again.

    Parameters
    ----------
    words_of
        The words of an item's recording in its gapless speech, or why there are none.
    at
        Where in the word its time is: 1 its end, 0.5 its centre, 0 its start.
    """
    made: list[Item | Unscored] = []
    for group in by_recording(items):
        first = group[0]
        if first.failed or first.recut is None or first.sound is None:
            reason = "the recording failed" if first.failed else "no speech output"
            made += [Unscored(reason)] * len(group)
            continue
        words = words_of(first)
        if isinstance(words, Unscored):
            made += [words] * len(group)
            continue
        text = joined([word.text for word in words], first.trace.target_lang)
        said = emissions_of(words, first.sound, text, first.unit, at, tokenizer)
        made += first.recut(text, said)
    return made


def emissions_of(
    words: Sequence[Word], sound: Sound, text: str, unit: LatencyUnit = "word",
    at: float = 1.0, tokenizer: Tokenizer | None = None,
) -> tuple[Emission, ...]:
    """Units of ``text``, the words joined, with the times each was heard (``at`` in the word).

    A unit has the time of the word that holds its last character.
    """
    if not words:
        return ()
    words = settled(words, sound)
    edge: Edge = "end" if at > 0 else "start"
    places = np.array([w.start_s + at * (w.end_s - w.start_s) for w in words])
    unaware = sound.listened(places, False, edge)
    aware = sound.listened(places, True, edge) if sound.measured else None
    units, spans = unit_spans(text, unit, tokenizer)
    played = _played(words, sound)
    owner = _owners([w.text for w in words], text, spans)
    return tuple(
        _emission(u, i, unaware, aware, played[i]) for u, i in zip(units, owner, strict=True)
    )


def settled(words: Sequence[Word], sound: Sound) -> tuple[Word, ...]:
    """Words that reach into a stretch by less than ``NEAR_S``, and by less than they are outside
    of it, end (or begin) where it does.

    What was found some milliseconds late would else be heard with the next stretch, which may be
    seconds away.
    """
    borders = np.array([stretch.begin_s for stretch in sound.stretches[1:]])
    found = []
    for word in words:
        start_s, end_s = word.start_s, word.end_s
        first, last = np.searchsorted(borders, [start_s, end_s], side="right")
        if first < last:
            within, beyond = borders[last - 1] - start_s, end_s - borders[last - 1]
            if beyond < min(NEAR_S, within):
                end_s = float(borders[last - 1])
            before, after = borders[first] - start_s, end_s - borders[first]
            if before < min(NEAR_S, after):
                start_s = float(borders[first])
        found.append(Word(word.text, start_s, end_s))
    return tuple(found)


def _played(words: Sequence[Word], sound: Sound) -> list[tuple[float, float]]:
    """When each word was heard, from its start to its end, on the timeline that was measured."""
    starts = sound.listened(np.array([w.start_s for w in words]), sound.measured, "start")
    ends = sound.listened(np.array([w.end_s for w in words]), sound.measured, "end")
    return list(zip(starts.tolist(), np.maximum(starts, ends).tolist(), strict=True))


def _emission(
    unit: str, index: int, unaware: Floats, aware: Floats | None, played: tuple[float, float]
) -> Emission:
    delay = float(unaware[index])
    elapsed = None if aware is None else float(aware[index])
    shown = delay if elapsed is None else elapsed
    return Emission(unit, delay, elapsed, played, shown, shown)


def _owners(words: Sequence[str], text: str, spans: Sequence[Span]) -> list[int]:
    """Index of the word that holds the last character of each span."""
    begins, at = [], 0
    for word in words:
        at = text.index(word, at)
        begins.append(at)
        at += len(word)
    ends = [end - 1 for _, end in spans]
    return [int(i) for i in np.searchsorted(np.array(begins), ends, side="right") - 1]
