"""Words of speech by a recogniser, kept by what was heard; and items made of heard words.

A transcript is kept (:mod:`s2st_bench.cache`) by the audio, the language and the recogniser's
signature: metrics that use the same recogniser transcribe once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import numpy as np

from s2st_bench.cache import Cache
from s2st_bench.metric import Floats, Item, LatencyUnit, Unscored
from s2st_bench.parts import RecogniserModel
from s2st_bench.sound import Edge, Sound, digest
from s2st_bench.types import Emission, Samples, Word
from s2st_bench.units import Span, Tokenizer, unit_spans

UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
"""Languages written without spaces between words (base codes)."""


def base_code(lang: str) -> str:
    """A language's code without its region: ``zh-CN`` gives ``zh``."""
    return lang.replace("_", "-").split("-")[0].lower()


class Transcriber:
    """A recogniser that hears each audio once."""

    def __init__(self, model: RecogniserModel, cache: Cache | None = None) -> None:
        self.model = model
        self._cache = cache or Cache.standard()

    def words(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...] | Unscored:
        """Words of ``float32[n]`` with times in seconds, or why there are none."""
        base = base_code(lang)
        if self.model.languages and base not in self.model.languages:
            known = ", ".join(sorted(self.model.languages))
            return Unscored(f"the recogniser knows {known}, not {lang}: name another asr")
        key = {"what": "transcript", "asr": dict(self.model.signature()), "lang": base,
               "audio": digest(samples, rate_hz)}

        def heard() -> list[list[object]]:
            self.model.load()
            found = self.model.transcribe(samples, rate_hz, lang)
            return [[word.text, word.start_s, word.end_s] for word in found]

        return tuple(Word(str(t), float(a), float(b)) for t, a, b in self._cache.get(key, heard))

    def of(self, sound: Sound) -> tuple[Word, ...] | Unscored:
        """Words of a trace's gapless speech."""
        speech = sound.read()
        if isinstance(speech, Unscored):
            return speech
        return self.words(speech.samples, speech.sample_rate_hz, sound.trace.target_lang)


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
    edge: Edge = "end" if at > 0 else "start"
    places = np.array([w.start_s + at * (w.end_s - w.start_s) for w in words])
    unaware = sound.listened(places, False, edge)
    aware = sound.listened(places, True, edge) if sound.measured else None
    units, spans = unit_spans(text, unit, tokenizer)
    owner = _owners([w.text for w in words], text, spans)
    return tuple(_emission(u, i, unaware, aware) for u, i in zip(units, owner, strict=True))


def _emission(unit: str, index: int, unaware: Floats, aware: Floats | None) -> Emission:
    delay = float(unaware[index])
    elapsed = None if aware is None else float(aware[index])
    shown = delay if elapsed is None else elapsed
    return Emission(unit, delay, elapsed, None, shown, shown)


def _owners(words: Sequence[str], text: str, spans: Sequence[Span]) -> list[int]:
    """Index of the word that holds the last character of each span."""
    begins, at = [], 0
    for word in words:
        at = text.index(word, at)
        begins.append(at)
        at += len(word)
    ends = [end - 1 for _, end in spans]
    return [int(i) for i in np.searchsorted(np.array(begins), ends, side="right") - 1]
