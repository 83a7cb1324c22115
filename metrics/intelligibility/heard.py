"""What the metrics of heard text share: the recogniser, its transcripts, its floor, its marks.

A recording that failed, or said nothing, was heard as nothing: an empty hypothesis, which costs
what it should.  Output without speech has no value.

``silence`` is ``without`` (the speech gapless, as the system made it) or ``with`` (as a listener
heard it, silence between its pieces and all, on the timeline that was measured).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np

from s2st_bench.metric import BatchStats, Floats, Item, Metric, Unscored
from s2st_bench.parts import RecogniserModel
from s2st_bench.sound import Sound
from s2st_bench.text_counts import error_rate, word_edits
from s2st_bench.transcripts import (
    Transcriber,
    base_code,
    by_recording,
    heard_items,
    joined,
)
from s2st_bench.types import Speech, Word

from .normalisers import Name, Normaliser, words_of
from .reference_speech import SYNTHESISER, TTS, ReferenceSpeech

MAX_FLOOR: Final = 15.0
"""Word error rate (%) on reference speech above which a recogniser says too little of others'."""
CIRCULAR: Final = "circular"
NEEDS: Final = frozenset({"speech", "reference"})

_AT_ONCE = 32
_Key = tuple[str, str, str, int]


class ByRecogniser(Metric):
    """What is computed of a recogniser's transcripts.

    Parameters
    ----------
    asr
        The recogniser; by the name of a metric (``ASR-BLEU@reference``) or as an option.
    normalise
        ``cvss``, ``whisper`` or ``none``; see :mod:`.normalisers`.
    """

    def __init__(
        self, *, aware: bool = False, asr: RecogniserModel | None = None,
        normalise: Name = "cvss",
    ) -> None:
        super().__init__(aware=aware)
        self.asr = asr
        self.transcriber = None if asr is None else Transcriber(asr)
        self.normalise = Normaliser(normalise)
        self._used: dict[str, RecogniserModel] = {}

    def model(self, lang: str) -> RecogniserModel | Unscored:
        """The recogniser of a language, which from now on stands in the signature."""
        if self.asr is None:
            return Unscored("no recogniser is given: name one, as in ASR-BLEU@reference")
        base = base_code(lang)
        found = self.asr.of(base)
        self._used.setdefault(base, found)
        return found

    def signature(self) -> Mapping[str, str]:
        signatures = [model.signature() for model in dict.fromkeys(self._used.values())]
        keys = dict.fromkeys(key for signature in signatures for key in signature)
        return {
            **{key: "+".join(sorted({s[key] for s in signatures if key in s})) for key in keys},
            "norm": self.normalise.signature(),
        }

    def circular(self, voices: frozenset[str]) -> bool:
        """Whether a recogniser that was used learned from one of the synthesisers."""
        learned = {_synthesiser(voice) for model in self._used.values() for voice in model.voices}
        return not learned.isdisjoint(map(_synthesiser, voices))


class HeardMetric(ByRecogniser):
    """A metric of output speech as it was heard.

    Parameters
    ----------
    silence
        ``without`` or ``with``, see the module.
    """

    def __init__(
        self, *, aware: bool = False, asr: RecogniserModel | None = None,
        normalise: Name = "cvss", silence: Literal["without", "with"] = "without",
    ) -> None:
        super().__init__(aware=aware, asr=asr, normalise=normalise)
        self.silence = silence
        self._heard: dict[_Key, Item | Unscored] = {}
        self._whole: dict[tuple[str, str, int], str] = {}
        self._faults: dict[tuple[_Key, ...], str] = {}

    def prepare(self, items: Sequence[Item]) -> None:
        self._faults.clear()
        self._heard.clear()  # another run's recordings have the same names
        self._hear(items)

    def _hear(self, items: Sequence[Item]) -> None:
        groups = list(by_recording(items))
        for start in range(0, len(groups), _AT_ONCE):
            some = groups[start : start + _AT_ONCE]
            for group, heard in zip(some, self._listen([g[0] for g in some]), strict=True):
                if isinstance(heard, Unscored):
                    self._heard.update((_key(item), heard) for item in group)
                else:
                    self._heard.update((_key(item), item) for item in heard)

    def heard(self, item: Item) -> Item | Unscored:
        """``item`` with the heard text for its hypothesis, not yet normalised."""
        return self._heard[_key(item)]

    def whole(self, item: Item) -> str:
        """All that was heard of the item's recording."""
        return self._whole.get(item.trace.key, "")

    def stats(self, item: Item) -> Floats | Unscored:
        if _key(item) not in self._heard:
            self._hear([item])
        heard = self.heard(item)
        return heard if isinstance(heard, Unscored) else self.counts(item, heard)

    @abstractmethod
    def counts(self, item: Item, heard: Item) -> Floats | Unscored:
        """Sufficient statistics of an item: as the system has it, and as it was heard."""

    def unranked(self, items: Sequence[Item]) -> str:
        if not self._used or self.transcriber is None:
            return ""
        which = tuple(map(_key, items))
        if which not in self._faults:
            self._faults[which] = floor_fault(items, self.transcriber, self.normalise)
        return "; ".join(filter(None, (self._strange_voice(items), self._faults[which])))

    def marks(self, items: Sequence[Item]) -> tuple[str, ...]:
        return (CIRCULAR,) if self.circular(_voices(items)) else ()

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "silence": self.silence}

    def _strange_voice(self, items: Sequence[Item]) -> str:
        """Of a recogniser that only learned synthetic voices: it cannot judge any other."""
        known = {_synthesiser(v) for model in self._used.values() for v in model.voices}
        voices = {_synthesiser(voice) for voice in _voices(items)}
        if not known or (voices and voices <= known):
            return ""
        spoken = ", ".join(sorted(voices)) or "not declared by the system"
        return (f"the recogniser only learned the voices of {', '.join(sorted(known))}; the "
                f"output's voice is {spoken}")

    def _listen(self, firsts: Sequence[Item]) -> list[Sequence[Item] | Unscored]:
        """The items of each recording as they were heard; all new audio in one go."""
        speech = [self._speech(item) for item in firsts]
        words: dict[int, tuple[Word, ...] | Unscored] = {}
        for lang in dict.fromkeys(item.trace.target_lang for item in firsts):
            mine = [(i, s) for i, (item, s) in enumerate(zip(firsts, speech, strict=True))
                    if item.trace.target_lang == lang and isinstance(s, Speech)]
            if mine and self.transcriber is not None:
                heard = self.transcriber.words_of_all([s for _, s in mine], lang)
                words.update((i, heard if isinstance(heard, Unscored) else heard[n])
                             for n, (i, _) in enumerate(mine))
        return [self._items(item, s if isinstance(s, Unscored) else words[i])
                for i, (item, s) in enumerate(zip(firsts, speech, strict=True))]

    def _speech(self, item: Item) -> Speech | Unscored:
        """What is to be transcribed; of a recording without an answer, no samples at all."""
        if item.sound is None or item.recut is None:
            return Unscored("no speech output")
        if isinstance(model := self.model(item.trace.target_lang), Unscored):
            return model
        if item.failed or not item.sound.stretches:
            return Speech(np.zeros(0, np.float32), 16_000)
        found = item.sound.read()
        if self.silence == "without" or isinstance(found, Unscored):
            return found
        return Speech(item.sound.with_silence(found), found.sample_rate_hz)

    def _items(
        self, first: Item, words: tuple[Word, ...] | Unscored
    ) -> Sequence[Item] | Unscored:
        if isinstance(words, Unscored) or first.recut is None or first.sound is None:
            return words if isinstance(words, Unscored) else Unscored("no speech output")
        said = joined([word.text for word in words], first.trace.target_lang)
        self._whole[first.trace.key] = said
        if not words or not first.sound.stretches:
            return first.recut("", ())
        placed = words if self.silence == "without" else gapless(words, first.sound)
        made = heard_items((first,), lambda item: placed)
        return [item for item in made if isinstance(item, Item)]


def gapless(words: tuple[Word, ...], sound: Sound) -> tuple[Word, ...]:
    """Words of speech with its silence, where they stand in the speech without it."""
    starts = sound.starts(sound.measured)
    starts = starts - starts[0]
    begins = np.array([stretch.begin_s for stretch in sound.stretches])
    lengths = np.array([stretch.duration_s for stretch in sound.stretches])

    def place(times: Floats) -> Floats:
        index = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, None)
        inside = np.clip(times - starts[index], 0.0, lengths[index])
        return np.asarray(begins[index] + inside)

    first = place(np.array([word.start_s for word in words]))
    last = place(np.array([word.end_s for word in words]))
    return tuple(Word(word.text, float(a), float(b))
                 for word, a, b in zip(words, first, last, strict=True))


def floor_counts(
    heard: Sequence[Item | Unscored], normalise: Normaliser
) -> list[Floats | Unscored]:
    """Edits and length in words of what was heard of each first reference."""
    return [item if isinstance(item, Unscored)
            else np.array(word_edits(
                words_of(normalise(item.hypothesis, item.trace.target_lang),
                         item.trace.target_lang),
                words_of(normalise(item.references[0], item.trace.target_lang),
                         item.trace.target_lang)), np.float64)
            if item.references else Unscored("no reference")
            for item in heard]


def floor_fault(items: Sequence[Item], transcriber: Transcriber, normalise: Normaliser) -> str:
    """Why the recogniser is no judge of these items' language and domain; empty: it is."""
    speech = ReferenceSpeech(transcriber)
    stats = BatchStats.of(floor_counts(speech.heard(items), normalise))
    if not stats.scored.any():
        return "the recogniser's error floor is unknown"
    floor = float(error_rate(stats.rows[stats.scored].sum(axis=0)))
    if floor <= MAX_FLOOR:
        return ""
    of = "synthesised references" if speech.by_tts else "reference speech"
    return (f"the recogniser's error floor is {floor:.1f} % of words on {of}, above "
            f"{MAX_FLOOR:g} %")


def reference_marks(metric: ByRecogniser, speech: ReferenceSpeech | None) -> tuple[str, ...]:
    """What must stand beside a number of reference speech."""
    if speech is None or not speech.by_tts:
        return ()
    circular = metric.circular(frozenset({SYNTHESISER}))
    return (TTS, CIRCULAR) if circular else (TTS,)


def _key(item: Item) -> _Key:
    return (item.id, *item.trace.key)


def _voices(items: Sequence[Item]) -> frozenset[str]:
    """What the speech of the items is made by, as far as systems declare it."""
    return frozenset(voice for item in items for voice in item.trace.voices)


def _synthesiser(voice: str) -> str:
    return voice.split(" ", 1)[0]
