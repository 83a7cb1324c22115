"""The interpreter as a system: it follows its :class:`~.plan.Plan` as the source comes in."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Literal

from s2st_bench.speech import espeak
from s2st_bench.system import HypothesisSession, HypothesisSystem, Observation, Session
from s2st_bench.types import (
    AudioChunk,
    Modality,
    Read,
    Recording,
    Speech,
    Task,
    TextChunk,
    Write,
)

from .expected import EPSILON
from .plan import Behaviour, Event, Plan, after, plan
from .voice import Voice, say
from .work import Work, busy


class Interpreter(HypothesisSystem):
    """A simulated interpreter with known lag, drift, omissions, revisions, errors and compute."""

    sources: frozenset[Modality] = frozenset({"speech", "text"})
    privileged = True

    def __init__(
        self,
        *,
        lag_s: float = 2.0,
        drift_s_per_min: float = 0.0,
        omission: float = 0.0,
        error: float = 0.0,
        revision: float = 0.0,
        revision_delay_s: float = 1.0,
        compute: float = 0.0,
        burst_every_s: float = 0.0,
        burst_compute_s: float = 0.0,
        exact: bool = False,
        all_available: bool = False,
        voice: Literal["none", "tone", "espeak"] = "none",
        speech_rate: int = 160,
        seed: int = 0,
    ) -> None:
        if exact and all_available:
            raise ValueError("exact and all_available exclude each other: one reads to the very "
                             "moment, the other whatever is there")
        self.behaviour = Behaviour(
            lag_s, drift_s_per_min, omission, error, revision, revision_delay_s
        )
        self.work = Work(compute, burst_every_s, burst_compute_s)
        self.exact = exact
        self.all_available = all_available
        self.voice: Voice = voice
        self.speech_rate = speech_rate
        self.seed = seed
        if voice != "none":
            self.outputs = frozenset({"text", "speech"})
            self.voices = frozenset({"tone" if voice == "tone" else "espeak-ng"})
            if not 80 <= speech_rate <= 450:
                raise ValueError(f"speech_rate={speech_rate}: 80 to 450 words a minute")

    def load(self, device: str = "cpu") -> None:
        if self.voice == "espeak":
            espeak.version()  # says now what is missing, not in the first recording

    def plan(self, task: Task, recording: Recording) -> Plan:
        """What a session for this task will say and when."""
        return plan(recording, task.target_lang, self.behaviour, self.seed + task.seed)

    def open(self, task: Task) -> Session:
        raise NotImplementedError("a control is opened by open_control")

    def open_control(self, task: Task, recording: Recording) -> Session:
        return self.open_hypothesis(task, recording)

    def open_hypothesis(
        self, task: Task, recording: Recording | None = None
    ) -> InterpreterSession:
        if recording is None:
            raise NotImplementedError("a control must be shown the recording")
        return InterpreterSession(self, task, self.plan(task, recording))


class InterpreterSession(HypothesisSession):
    """One listener of the interpreter."""

    def __init__(self, system: Interpreter, task: Task, plan: Plan) -> None:
        self._system = system
        self._task = task
        self._events = plan.events
        self._next = 0
        self._text = ""
        self._given = 0
        """Samples or tokens."""
        self._heard = 0.0

    def accept(self, chunk: AudioChunk | TextChunk) -> None:
        """Hear ``chunk`` and work for as long as that takes."""
        if isinstance(chunk, AudioChunk):
            self._given += len(chunk.samples)
            upto = self._given / chunk.sample_rate_hz
        else:
            self._given += len(chunk.tokens)
            upto = float(self._given)
        cost_s = self._system.work.cost_s(self._heard, upto)
        self._heard = upto
        if cost_s > 0:
            busy(cost_s)

    def hypothesis(self, is_last: bool) -> str:
        """The text that stands by now."""
        self._text = after(self._text, self._due(is_last))
        return self._text

    def policy(self, observation: Observation) -> Generator[Write, None, Read]:
        if observation.chunk is not None:
            self.accept(observation.chunk)
        for event in self._due(observation.is_last):
            write = self._write(event)
            if write != Write():  # without text, an event may have nothing to say yet
                yield write
        return self._read()

    def _due(self, is_last: bool) -> tuple[Event, ...]:
        """Events whose time has come and that were not given yet."""
        first = self._next
        while self._next < len(self._events) and (
            is_last or self._events[self._next].at <= self._heard + EPSILON
        ):
            self._next += 1
        return self._events[first : self._next]

    def _write(self, event: Event) -> Write:
        text, retract = event.text, event.retract_chars
        if "text" not in self._task.outputs:
            text, retract = "", 0
        if "speech" not in self._task.outputs or not event.spoken:
            return Write(text, retract_chars=retract)
        spoken = say(event.spoken, self._system.voice, self._task.target_lang,
                     self._system.speech_rate)
        audio = Speech(spoken.samples, spoken.sample_rate_hz)
        return Write(text, audio, retract, words=spoken.words)

    def _read(self) -> Read:
        if self._system.exact and self._next < len(self._events):
            rate_hz = self._task.sample_rate_hz if self._task.source == "speech" else 1
            left = self._events[self._next].at - self._heard
            return Read(min_s=math.ceil((left - EPSILON) * rate_hz) / rate_hz)
        return Read(all_available=self._system.all_available)
