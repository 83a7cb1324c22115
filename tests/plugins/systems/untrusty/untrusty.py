"""Says a word for each half second of sound; ``mode`` says what is wrong with it, or looks wrong.

Honest: ``honest``, ``buffer`` (a word two seconds late), ``revise`` (takes back the last word and
says it anew), ``speak`` (says it in tones), ``pipeline`` (two stages), ``slight`` and ``shaky``
(a word is now and then left out, by chance), ``offline``.
Dishonest: ``peek`` and ``peek_speech`` (the sound a second ahead), ``peek_long`` (only of long
recordings), ``peek_length`` (how long it will be), ``peek_chunk`` (the chunk to come),
``canned`` (always the same), ``memorised`` (knows the recording by its start and says its end),
``leak`` (goes on where the last session ended), ``shared`` (sessions share what they heard),
``first`` (its first session is another), ``early`` (turns the clock back), ``stray`` (words
outside of their speech), ``babble`` (talks on), ``hum`` (talks in silence).
"""

from __future__ import annotations

import hashlib
import random
import sys
import wave
from collections.abc import Iterator
from types import FrameType

import numpy as np

from s2st_bench.speech.tone import tone
from s2st_bench.system import Answer, Observation, PipelineSession, Session, Stage, System
from s2st_bench.types import AudioChunk, Modality, Recording, Samples, Speech, Task, Word, Write

WORD_S = 0.5
LONG_S = 12.0
_AUDIBLE = 0.045
_MEMORY: dict[str, list[str]] = {}


class Untrusty(System):
    """See the module."""

    sources: frozenset[Modality] = frozenset({"speech", "text"})

    def __init__(self, *, mode: str = "honest") -> None:
        self.mode = mode
        if mode in ("speak", "peek_speech", "stray"):
            self.outputs = frozenset({"text", "speech"})
        self.heard: list[str] = []
        self.n_sessions = 0

    def open(self, task: Task) -> Session:
        self.n_sessions += 1
        session = UntrustySession(self, task)
        if self.mode == "pipeline":
            return PipelineSession([Stage("ears", session), Stage("mouth", _Echo(), ("ears",),
                                                                  output=True)])
        return session


class _Echo(Session):
    def policy(self, observation: Observation) -> Answer:
        return [] if observation.write is None else [Write(observation.write.text)]


class UntrustySession(Session):
    def __init__(self, system: Untrusty, task: Task) -> None:
        self.system = system
        self.mode = system.mode
        self.speaks = "speech" in task.outputs
        self.sound: Samples = np.empty(0, np.float32)
        self.whole: Samples = np.empty(0, np.float32)
        self.rate_hz = 1
        self.said = 0
        self.waiting: list[str] = []
        self.memorised: list[str] = []
        self.chance = random.Random() if self.mode in ("slight", "shaky") else None
        self.number = system.n_sessions

    def policy(self, observation: Observation) -> Iterator[Write]:
        if observation.tokens:
            yield from (Write(f" {token.upper()}") for token in observation.tokens)
        if not isinstance(observation.chunk, AudioChunk):
            return
        self.sound = np.concatenate([self.sound, observation.chunk.samples])
        self.rate_hz = observation.chunk.sample_rate_hz
        if self.mode == "early":
            self.meter._now.__self__._now = 0.0  # type: ignore[attr-defined]
        self.waiting += self._words()
        keep = {"buffer": 4, "offline": 10**6}.get(self.mode, 0)
        while len(self.waiting) > (0 if observation.is_last else keep):
            yield from self._write(self.waiting.pop(0))

    def _words(self) -> Iterator[str]:
        step = round(WORD_S * self.rate_hz)
        while (self.said + 1) * step <= len(self.sound):
            part = self.sound[self.said * step : (self.said + 1) * step]
            self.said += 1
            if self.mode == "memorised" and self.said == 2:
                self.memorised = _memorised(self._whole(), step)[1:]
            if self.memorised:
                yield self.memorised.pop(0)
            elif self.mode == "canned":
                yield ("the", "same", "words", "for", "all")[self.said % 5]
            elif self.mode == "babble":
                yield word(part) or "abcd"[self.said % 4] * 4
            elif self.mode == "hum" and self.said % 10 == 0:
                yield "thanks"
            elif (found := word(part)) and self._is_kept():
                yield found + self._more(step)

    def _is_kept(self) -> bool:
        share = {"slight": 0.02, "shaky": 0.3}.get(self.mode, 0.0)
        return self.chance is None or self.chance.random() >= share

    def _more(self, step: int) -> str:
        """What else the word tells, that it should not."""
        system = self.system
        if self.mode == "leak":
            system.heard.append("x")
            return f"-{len(system.heard) % 7}" if self.number > 1 else ""
        if self.mode == "shared":
            system.heard.append(str(self.number))
            return "-both" if len({*system.heard[-2:]}) > 1 else ""
        if self.mode == "first" and self.number == 1:
            return "-first"
        if not self.mode.startswith("peek") or self.mode == "peek_speech":
            return ""
        whole = self._whole()
        if self.mode == "peek_length":
            return f"-{len(whole) * 10 // self.rate_hz}"
        if self.mode == "peek_long" and len(whole) < LONG_S * self.rate_hz:
            return ""
        ahead = round((0.1 if self.mode == "peek_chunk" else 1.0) * self.rate_hz)
        at = len(self.sound) + ahead
        return "-" + (word(whole[at - step : at]) or "end")

    def _whole(self) -> Samples:
        if not len(self.whole):
            self.whole = whole()
        return self.whole

    def _write(self, text: str) -> Iterator[Write]:
        if not self.speaks:
            yield Write(f" {text}")
            if self.mode == "revise":
                yield Write(f"{text}!", retract_chars=len(text))
            return
        speed = 150.0
        if self.mode == "peek_speech":
            ahead = self._whole()[len(self.sound) :][: self.rate_hz]
            speed += 50.0 * float(np.abs(ahead).sum()) / self.rate_hz
        spoken = tone(text, speed)
        words = (Word(text, 0.0, 9.0),) if self.mode == "stray" else spoken.words
        yield Write(f" {text}", Speech(spoken.samples, spoken.sample_rate_hz), words=words)


def word(part: Samples) -> str:
    """A word of the sound: how loud, how high; nothing of silence."""
    if not len(part) or float(np.sqrt(np.mean(part * part))) < _AUDIBLE:
        return ""
    digest = hashlib.sha256(np.round(part[::7] * 4000).astype("<i2").tobytes()).hexdigest()
    return "".join(chr(97 + int(c, 16)) for c in digest[:4])


def _memorised(whole: Samples, step: int) -> list[str]:
    """The words of the first recording that began like this one."""
    key = hashlib.sha256(np.round(whole[: 2 * step] * 4000).tobytes()).hexdigest()
    words = [word(whole[i * step : (i + 1) * step]) for i in range(len(whole) // step)]
    return list(_MEMORY.setdefault(key, [found or "ah" for found in words]))


def whole() -> Samples:
    """All of the recording, which no system is shown: found on the stack."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        recording = frame.f_locals.get("recording")
        if isinstance(recording, Recording):
            with wave.open(str(recording.source.path)) as file:  # type: ignore[union-attr]
                data = file.readframes(file.getnframes())
            return (np.frombuffer(data, "<i2") / 32768).astype(np.float32)
        frame = frame.f_back
    raise LookupError("no recording on the stack")
