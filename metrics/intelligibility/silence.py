"""``InsertionsOnSilence``: words a recogniser hears in the silence between a system's pieces.

The speech is transcribed twice, without silence and as a listener heard it.  A word counts that
the second transcript has and the first has not (an insertion of their alignment) and whose middle
lies in a silence of at least 0.3 s; shorter ones are no silence for a recogniser, whose word times
are not that exact.  Corpus value: 60 Σ words / Σ seconds of silence, per minute.  Such words are
the recogniser's, not the system's: where there are some, scores with ``silence: with`` are too
low.
"""

from __future__ import annotations

import numpy as np

from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.sound import Sound
from s2st_bench.types import MetricSpec, Speech, Word

from .heard import ByRecogniser

_SHORTEST_S = 0.3


class InsertionsOnSilence(ByRecogniser):
    """Words heard per minute of silence."""

    spec = MetricSpec("InsertionsOnSilence", "/min", None, frozenset({"speech"}),
                      source="s2st_bench")

    def stats(self, item: Item) -> Floats | Unscored:
        if item.sound is None:
            return Unscored("no speech output")
        if item.recording.segments and item.segment is not item.recording.segments[0]:
            return Unscored("counted with the first segment")
        lang = item.trace.target_lang
        model = self.model(lang)
        if isinstance(model, Unscored) or self.transcriber is None:
            return model if isinstance(model, Unscored) else Unscored("no recogniser is given")
        speech = item.sound.read()
        if isinstance(speech, Unscored):
            return speech
        silences = silences_of(item.sound)
        if not silences:
            return Unscored("no silence between pieces")
        listened = Speech(item.sound.with_silence(speech), speech.sample_rate_hz)
        heard = self.transcriber.words_of_all([speech, listened], lang)
        if isinstance(heard, Unscored):
            return heard
        without, with_it = ([self._form(word, lang) for word in words] for words in heard)
        new = [heard[1][i] for i in inserted(without, with_it)]
        inside = sum(any(start < (w.start_s + w.end_s) / 2 < end for start, end in silences)
                     for w in new)
        return np.array([inside, sum(end - start for start, end in silences)])

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(60.0 * totals[..., 0] / totals[..., 1])

    def _form(self, word: Word, lang: str) -> str:
        return self.normalise(word.text, lang) or word.text


def silences_of(sound: Sound) -> list[tuple[float, float]]:
    """Silences between stretches that count, (start, end) from where the first stretch begins."""
    starts = sound.starts(sound.measured)
    ends = starts + np.array([stretch.duration_s for stretch in sound.stretches])
    found = [(float(a - starts[0]), float(b - starts[0]))
             for a, b in zip(ends[:-1], starts[1:], strict=True)]
    return [(a, b) for a, b in found if b - a >= _SHORTEST_S]


def inserted(reference: list[str], hypothesis: list[str]) -> list[int]:
    """Numbers of the words of ``hypothesis`` that are insertions in its alignment."""
    import jiwer

    if not reference:
        return list(range(len(hypothesis)))
    if not hypothesis:
        return []
    # words as single tokens, whatever is in them
    numbers = {word: f"w{n}" for n, word in enumerate(dict.fromkeys([*reference, *hypothesis]))}
    found = jiwer.process_words(" ".join(numbers[w] for w in reference),
                                " ".join(numbers[w] for w in hypothesis))
    return [i for chunk in found.alignments[0] if chunk.type == "insert"
            for i in range(chunk.hyp_start_idx, chunk.hyp_end_idx)]

