"""Speech by espeak-ng with its own word times, the same on every call.

espeak-ng keeps state between utterances (the same sentence comes out some milliseconds longer or
shorter depending on what was said before), so each utterance is spoken by a freshly loaded private
copy of the library: texts, times and samples depend on the text and the voice only.

Word times come from espeak's events: a word starts at its WORD event and ends where its last
phoneme ends, pauses left out.  espeak speaks some word groups (*in the*, *could have*) as one unit
with one event; such a span is shared among its words by their letters.
"""

from __future__ import annotations

import ctypes
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np

from s2st_bench.errors import DependencyError, InputError
from s2st_bench.types import Samples, Word

RATE_HZ: Final = 16_000
_WORD, _PHONEME = 1, 7
_PHONEME_EVENTS, _SYNCHRONOUS, _UTF8, _CHARACTERS = 1, 1, 1, 1
_RATE, _PITCH = 1, 3
_REGULAR_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Voice:
    """``espeak`` is the voice name, ``rate`` words a minute, ``pitch`` 0 to 99."""

    id: str
    lang: str
    espeak: str
    rate: int
    pitch: int
    held_out: bool = False
    """Never in the training speech: unseen voices of test and talks."""


VOICES: Final[tuple[Voice, ...]] = (
    Voice("de-m1", "de", "de+m1", 150, 45), Voice("de-m3", "de", "de+m3", 165, 40),
    Voice("de-m7", "de", "de+m7", 140, 50), Voice("de-max", "de", "de+max", 155, 48),
    Voice("de-f1", "de", "de+f1", 160, 55), Voice("de-f2", "de", "de+f2", 145, 60),
    Voice("de-f4", "de", "de+f4", 170, 50), Voice("de-linda", "de", "de+linda", 150, 55),
    Voice("de-m4", "de", "de+m4", 158, 42, held_out=True),
    Voice("de-f3", "de", "de+f3", 152, 58, held_out=True),
    Voice("en-us-m1", "en", "en-us+m1", 155, 45), Voice("en-us-f2", "en", "en-us+f2", 150, 58),
    Voice("en-gb-m3", "en", "en+m3", 165, 42), Voice("en-gb-f1", "en", "en+f1", 158, 55),
    Voice("en-gb-max", "en", "en+max", 145, 48),
    Voice("en-us-linda", "en", "en-us+linda", 160, 52),
    Voice("en-gb-scotland-m7", "en", "en-GB-scotland+m7", 150, 46),
    Voice("en-gb-x-rp-f4", "en", "en-GB-x-rp+f4", 168, 54),
    Voice("en-us-m4", "en", "en-us+m4", 152, 40, held_out=True),
    Voice("en-gb-f3", "en", "en+f3", 156, 60, held_out=True),
)


def voices(lang: str, *, held_out: bool = True) -> tuple[Voice, ...]:
    """The voices of a language, with or without those kept out of training."""
    return tuple(v for v in VOICES if v.lang == lang and (held_out or not v.held_out))


@dataclass(frozen=True, slots=True)
class Utterance:
    """``samples`` mono float32 at 16 kHz; word times in seconds from its first sample."""

    samples: Samples
    words: tuple[Word, ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE_HZ


class _Event(ctypes.Structure):
    _fields_ = (("type", ctypes.c_int), ("unique", ctypes.c_uint), ("position", ctypes.c_int),
                ("length", ctypes.c_int), ("audio_ms", ctypes.c_int), ("sample", ctypes.c_int),
                ("user", ctypes.c_void_p), ("id", ctypes.c_char * 8))


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int,
                             ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class _Mark:
    """One event: a word (``position`` counts characters from 0) or a phoneme."""

    word: bool
    position: int
    sample: int
    pause: bool


class Speaker:
    """espeak-ng of the ``espeakng-loader`` wheel; a context manager, not for several threads."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise DependencyError("espeakng-loader", "making speech", "cascade") from None
        self._data = str(espeakng_loader.get_data_path()).encode()
        self._folder = tempfile.TemporaryDirectory(prefix="s2st-espeak-")
        original = Path(espeakng_loader.get_library_path())
        self._library = Path(self._folder.name) / original.name
        shutil.copyfile(original, self._library)

    def __enter__(self) -> Speaker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._folder.cleanup()

    def speak(self, text: str, voice: Voice) -> Utterance:
        """Say ``text``; words are its space-separated tokens.

        Raises
        ------
        InputError
            When espeak does not know the voice or says nothing.
        """
        import soxr

        raw, rate, marks = self._synthesise(text, voice)
        if not raw.size:
            raise InputError(f"espeak-ng said nothing for {text!r} with voice {voice.espeak!r}")
        samples = soxr.resample(raw.astype(np.float32) / 32768.0, rate, RATE_HZ)
        return Utterance(np.asarray(samples, dtype=np.float32),
                         word_times(text, marks, rate, len(raw)))

    def _synthesise(self, text: str, voice: Voice) -> tuple[np.ndarray[Any, Any], int, list[_Mark]]:
        blocks: list[np.ndarray[Any, Any]] = []
        marks: list[_Mark] = []

        def collect(wave: Any, count: int, events: Any) -> int:
            if wave and count:
                blocks.append(np.ctypeslib.as_array(wave, (count,)).copy())
            index = 0
            while events[index].type:
                event = events[index]
                if event.type in (_WORD, _PHONEME):
                    # Names of pauses and glottal stops begin with an underscore.
                    marks.append(_Mark(event.type == _WORD, event.position - 1, event.sample,
                                       bytes(event.id).startswith(b"_")))
                index += 1
            return 0

        library = ctypes.CDLL(str(self._library))
        try:
            callback = _CALLBACK(collect)
            rate = library.espeak_Initialize(_SYNCHRONOUS, 0, self._data, _PHONEME_EVENTS)
            library.espeak_SetSynthCallback(callback)
            # Breath noise is drawn from the C library's generator.
            ctypes.CDLL(None).srand(_REGULAR_SEED)
            if library.espeak_SetVoiceByName(voice.espeak.encode()) != 0:
                raise InputError(f"espeak-ng has no voice {voice.espeak!r}")
            library.espeak_SetParameter(_RATE, voice.rate, 0)
            library.espeak_SetParameter(_PITCH, voice.pitch, 0)
            data = text.encode()
            library.espeak_Synth(data, len(data) + 1, 0, _CHARACTERS, 0, _UTF8, None, None)
            library.espeak_Synchronize()
        finally:
            library.espeak_Terminate()
            _unload(library)
        samples = np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
        return samples, rate, marks


def _unload(library: ctypes.CDLL) -> None:
    """Drop the library's static state; the next load starts afresh."""
    import _ctypes

    _ctypes.dlclose(library._handle)


def token_spans(text: str) -> list[tuple[int, int]]:
    """Character span of every space-separated word."""
    spans, start = [], 0
    for token in text.split(" "):
        if token:
            spans.append((start, start + len(token)))
        start += len(token) + 1
    return spans


def word_times(text: str, marks: Sequence[_Mark], rate_hz: int, length: int) -> tuple[Word, ...]:
    """Word times in seconds, to the millisecond, from espeak's events.

    ``length`` is the number of samples; the result has one word per token, increasing, inside it.
    """
    spans = token_spans(text)
    starts: list[int | None] = [None] * len(spans)
    ends = [0] * len(spans)
    current = -1
    speaking = False
    for mark in marks:
        if speaking and current >= 0:
            ends[current] = mark.sample
        speaking = False
        if mark.word:
            found = [k for k, (a, b) in enumerate(spans) if a <= mark.position < b]
            current = max(found[0], current) if found else current
            if found and starts[current] is None:
                starts[current] = mark.sample
        else:
            speaking = not mark.pause
    if speaking and current >= 0:
        ends[current] = length
    if starts[0] is None:
        starts[0] = 0
    times: list[tuple[float, float]] = []
    first = 0
    while first < len(spans):
        last = first + 1
        while last < len(spans) and starts[last] is None:
            last += 1
        begin = starts[first] or 0
        end = max(ends[first:last])
        letters = [b - a for a, b in spans[first:last]]
        total, done = sum(letters), 0
        for count in letters:
            a = begin + (end - begin) * done / total
            done += count
            times.append((a, begin + (end - begin) * done / total))
        first = last
    return tuple(Word(text[a:b], round(s / rate_hz, 3), round(e / rate_hz, 3))
                 for (a, b), (s, e) in zip(spans, times, strict=True))
