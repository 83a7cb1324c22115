"""Speech synthesis by espeak-ng in process: streamed, with word times, the same every time.

espeak-ng (https://github.com/espeak-ng/espeak-ng, GPL-3.0) is not part of this package: its
shared library is loaded at run time, from the ``espeakng-loader`` wheel or else from the system.
Symbols and structures follow its ``speak_lib.h``.

Speech is a pure function of text, voice, speed, pitch and library version.  espeak-ng itself
keeps state from one utterance to the next (phase of pitch flutter), which moves word times by up
to 10 ms; therefore each utterance gets a freshly loaded library (about 1 ms).

Samples are mono ``float32`` at ``RATE_HZ``; times in seconds from the first sample.  POSIX only.
:func:`phonemes` gives what would be said, without saying it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import queue
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from s2st_bench.errors import DependencyError, UsageError
from s2st_bench.speech.words import Utterance, WordTimer
from s2st_bench.types import Samples, Word

RATE_HZ = 22_050
_PIECE_MS = 60

# speak_lib.h
_SYNCHRONOUS, _PHONEME_EVENTS, _DONT_EXIT, _UTF8 = 2, 0x0001, 0x8000, 1
_EVENT_WORD, _EVENT_PHONEME = 1, 7
_PARAM_RATE, _PARAM_PITCH = 1, 3
_APART = "_"
_IPA = 0x02 | ord(_APART) << 8

_LOCK = threading.Lock()  # the library's state is global to the process

# Languages whose espeak-ng voice has another name.
_VOICES = {"en": "en-us", "en-gb": "gmw/en", "zh": "cmn", "no": "nb", "pt": "pt-br", "pt-pt": "pt"}


@dataclass(frozen=True, slots=True)
class SpokenPiece:
    """The next ``samples[n]`` and the words that ended in them, timed from the utterance start."""

    samples: Samples
    words: tuple[Word, ...] = ()


def synthesize(
    text: str, voice: str, rate_wpm: int = 175, pitch: int = 50
) -> Iterator[SpokenPiece]:
    """Speak ``text`` in pieces of 60 ms, as they are made.

    ``voice`` is an espeak-ng voice, with a variant if wanted (``de``, ``en-us+f3``);
    ``rate_wpm`` is 80 to 450 words a minute, ``pitch`` 0 to 99.  Leaving the iterator early
    stops the synthesis.

    Raises
    ------
    DependencyError
        espeak-ng is not installed.
    UsageError
        There is no such voice, or a number is out of range.
    """
    if not 80 <= rate_wpm <= 450:
        raise UsageError(f"rate_wpm={rate_wpm}: espeak-ng speaks 80 to 450 words a minute")
    if not 0 <= pitch <= 99:
        raise UsageError(f"pitch={pitch}: espeak-ng takes 0 to 99")
    text = _printable(text)
    if not text.strip():
        return
    made: queue.SimpleQueue[_Made | Exception | None] = queue.SimpleQueue()
    stop = threading.Event()
    worker = threading.Thread(
        target=_speak, args=(text, voice, rate_wpm, pitch, made, stop), daemon=True
    )
    worker.start()
    try:
        yield from _timed(text, made)
    finally:
        stop.set()
        worker.join()


def speak(text: str, voice: str, rate_wpm: int = 175, pitch: int = 50) -> Utterance:
    """Speak ``text`` as a whole; see :func:`synthesize`."""
    pieces = list(synthesize(text, voice, rate_wpm, pitch))
    samples = [piece.samples for piece in pieces]
    return Utterance(
        np.concatenate(samples) if samples else np.zeros(0, np.float32),
        RATE_HZ,
        tuple(word for piece in pieces for word in piece.words),
    )


def phonemes(words: Sequence[str], voice: str) -> tuple[tuple[str, ...], ...]:
    """The phonemes (IPA, stress marks included) of each word said alone; none if it is not spoken.

    Raises
    ------
    DependencyError
        espeak-ng is not installed.
    UsageError
        There is no such voice.
    """
    with _LOCK, _library() as lib:
        _choose_voice(lib, voice)
        translate = lib.espeak_TextToPhonemes
        translate.restype = ctypes.c_char_p
        translate.argtypes = (ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int)
        return tuple(_phonemes_of(_printable(word), translate) for word in words)


def voice_for(lang: str) -> str:
    """The espeak-ng voice for a BCP-47 language: ``zh-CN`` gives ``cmn``."""
    lang = lang.lower().replace("_", "-")
    base = lang.split("-")[0]
    return _VOICES.get(lang) or _VOICES.get(base) or base


def version() -> str:
    """Version of the library, e.g. ``1.52.0``; speech differs between versions."""
    with _LOCK, _library() as lib:
        lib.espeak_Info.restype = ctypes.c_char_p
        return bytes(lib.espeak_Info(None)).decode()


_Event = tuple[int, int, int, bytes]  # type, character position from 1, sample, phoneme
_Made = tuple[Samples, list[_Event]]


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _CEvent(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_CEvent)
)


def _timed(
    text: str, made: queue.SimpleQueue[_Made | Exception | None]
) -> Iterator[SpokenPiece]:
    timer = WordTimer(text, RATE_HZ)
    length = 0
    while (item := made.get()) is not None:
        if isinstance(item, Exception):
            raise item
        samples, events = item
        length += len(samples)
        words: list[Word] = []
        for kind, position, sample, phoneme in events:
            if kind == _EVENT_WORD:
                words.extend(timer.word(position - 1, sample))
            elif kind == _EVENT_PHONEME:
                timer.phoneme(phoneme.startswith(b"_"), sample)
        if len(samples) or words:
            yield SpokenPiece(samples, tuple(words))
    rest = tuple(timer.finish(length))
    if rest:
        yield SpokenPiece(np.zeros(0, np.float32), rest)


def _speak(
    text: str,
    voice: str,
    rate_wpm: int,
    pitch: int,
    made: queue.SimpleQueue[_Made | Exception | None],
    stop: threading.Event,
) -> None:
    """Thread body: hand on what the library makes, then an exception or none."""

    def callback(wave: Any, count: int, events: Any) -> int:
        found: list[_Event] = []
        index = 0
        while kind := events[index].type:
            event = events[index]
            phoneme = event.id.string if kind == _EVENT_PHONEME else b""
            found.append((kind, event.text_position, event.sample, phoneme))
            index += 1
        pcm = ctypes.string_at(wave, 2 * count) if wave and count else b""
        samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32_768
        made.put((samples, found))
        return int(stop.is_set())

    keep = _Callback(callback)  # must outlive the call
    try:
        with _LOCK, _library() as lib:
            lib.espeak_SetSynthCallback(keep)
            _choose_voice(lib, voice)
            lib.espeak_SetParameter(_PARAM_RATE, rate_wpm, 0)
            lib.espeak_SetParameter(_PARAM_PITCH, pitch, 0)
            encoded = text.encode("utf-8", "replace")
            lib.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
    except Exception as error:  # raised again by the consumer, in its own thread
        made.put(error)
    else:
        made.put(None)


def _phonemes_of(word: str, translate: Any) -> tuple[str, ...]:
    """The library translates a clause at a call and moves the pointer past it."""
    text = ctypes.c_char_p(word.encode("utf-8", "replace"))
    found: list[str] = []
    while text.value:
        clause = bytes(translate(ctypes.byref(text), _UTF8, _IPA)).decode("utf-8", "replace")
        # "(en)" says that what follows is said in another language
        found += [p for p in clause.replace(" ", _APART).split(_APART) if p and p[0] != "("]
    return tuple(found)


def _choose_voice(lib: ctypes.CDLL, voice: str) -> None:
    if lib.espeak_SetVoiceByName(voice.encode("utf-8", "replace")) != 0:
        raise UsageError(f"espeak-ng has no voice {voice!r}; `espeak-ng --voices` lists them")


@contextmanager
def _library() -> Iterator[ctypes.CDLL]:
    """A freshly loaded, initialised library, unloaded afterwards with all its state."""
    path, data = _installed()
    lib = ctypes.CDLL(path)
    try:
        options = _PHONEME_EVENTS | _DONT_EXIT
        rate = lib.espeak_Initialize(_SYNCHRONOUS, _PIECE_MS, data, options)
        if rate != RATE_HZ:
            raise DependencyError("espeakng-loader", "speech by espeak-ng", "cascade")
        yield lib
        lib.espeak_Terminate()
    finally:
        ctypes.CDLL(None).dlclose(ctypes.c_void_p(lib._handle))


@cache
def _installed() -> tuple[str, bytes | None]:
    """Path of the library and of its data (none: the library knows)."""
    try:
        loader = importlib.import_module("espeakng_loader")
    except ImportError:
        path = ctypes.util.find_library("espeak-ng")
        if path is None:
            raise DependencyError("espeakng-loader", "speech by espeak-ng", "cascade") from None
        return path, None
    return (
        str(loader.get_library_path()),
        str(loader.get_data_path()).encode(),
    )


def _printable(text: str) -> str:
    """Control characters as spaces (one for one): espeak-ng reads some as commands."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
