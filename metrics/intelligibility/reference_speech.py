"""What a recogniser understands of speech that says the references: its floor and its ceiling.

Reference speech is the corpus' own (``reference_audio``) where it has some, else the first
reference of each segment as espeak-ng says it in its voice of the language at 175 words a minute
(its default), which is marked ``tts-references``.  The same speech for all systems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from s2st_bench.errors import AudioError, DependencyError, UsageError
from s2st_bench.metric import Item, Unscored
from s2st_bench.transcripts import Transcriber, by_recording, joined
from s2st_bench.types import Emission, Recording, Speech
from s2st_bench.units import unit_spans

TTS = "tts-references"
SYNTHESISER = "espeak-ng"
RATE_WPM = 175
_AT_ONCE = 32
_RATE_HZ = 16_000


class ReferenceSpeech:
    """Items as if every recording had been answered with speech of its references."""

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self.by_tts = False
        """Whether any of it was synthesised."""

    def heard(self, items: Sequence[Item]) -> list[Item | Unscored]:
        """Each item with what was heard of its references, or why nothing can be."""
        found: dict[int, Item | Unscored] = {}
        for lang in dict.fromkeys(item.trace.target_lang for item in items):
            here = [item for item in items if item.trace.target_lang == lang]
            for group in by_recording([i for i in here if lang in i.recording.reference_audio]):
                found.update(zip(map(id, group), self._of_recording(group, lang), strict=True))
            spoken = [i for i in here if lang not in i.recording.reference_audio]
            self.by_tts |= any(item.references for item in spoken)
            for start in range(0, len(spoken), _AT_ONCE):
                some = spoken[start : start + _AT_ONCE]
                found.update(zip(map(id, some), self._of_voice(some, lang), strict=True))
        return [found[id(item)] for item in items]

    def _of_recording(self, group: tuple[Item, ...], lang: str) -> list[Item | Unscored]:
        """What was heard of the reference audio of a whole recording, cut into its segments."""
        first = group[0]
        speech = _recorded(first.recording, lang)
        if isinstance(speech, Unscored):
            return [speech] * len(group)
        words = self._transcriber.words(speech.samples, speech.sample_rate_hz, lang)
        if isinstance(words, Unscored):
            return [words] * len(group)
        if first.recut is None:
            return [Unscored("the recording cannot be cut again")] * len(group)
        text = joined([word.text for word in words], lang)
        # As if all had been said after the source's end: no segment is out of a word's reach.
        late_s = first.trace.source_length
        units, _ = unit_spans(text, "word")
        return [*first.recut(text, [Emission(u, late_s, late_s) for u in units])]

    def _of_voice(self, items: Sequence[Item], lang: str) -> list[Item | Unscored]:
        """What was heard of each item's first reference in the synthesiser's voice."""
        said = [_said(i.references[0], lang) if i.references else Unscored("no reference")
                for i in items]
        heard = self._transcriber.words_of_all([s for s in said if isinstance(s, Speech)], lang)
        if isinstance(heard, Unscored):
            return [heard] * len(items)
        words = iter(heard)
        return [speech if isinstance(speech, Unscored)
                else replace(item, hypothesis=joined([w.text for w in next(words)], lang))
                for item, speech in zip(items, said, strict=True)]


def voice() -> str:
    """What synthesises references, for signatures."""
    from s2st_bench.speech import espeak

    return f"{TTS}({SYNTHESISER}-{espeak.version()},{RATE_WPM}wpm)"


def _recorded(recording: Recording, lang: str) -> Speech | Unscored:
    from s2st_bench.audio import read_audio

    source = recording.reference_audio[lang]
    try:
        samples = read_audio(source.path, source.offset_s, source.duration_s, _RATE_HZ)
        return Speech(samples, _RATE_HZ)
    except AudioError as error:
        return Unscored(f"the reference speech cannot be read: {error}")


def _said(text: str, lang: str) -> Speech | Unscored:
    from s2st_bench.speech import espeak

    try:
        spoken = espeak.speak(text, espeak.voice_for(lang), RATE_WPM)
    except (DependencyError, UsageError) as error:
        return Unscored(f"no reference speech: {error}")
    return Speech(spoken.samples, spoken.sample_rate_hz)
