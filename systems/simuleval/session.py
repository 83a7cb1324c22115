"""One recording through an agent, call for call as SimulEval's evaluator makes them.

Speech goes in segments of a fixed length, text token by token; each segment is one call of the
agent.  With the last piece of speech the recording ends, whatever the agent answers; text goes on
with empty segments until the agent says that it has finished.  An agent that finishes before the
source of a speech recording has ended is reset, and goes on.

``loop="simuleval"`` also leaves out what SimulEval's evaluator leaves out: text said in the call
right after the agent finished, and speech said in the last call when it had already finished.
``loop="complete"`` keeps all of it and asks speech agents, too, until they have finished.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from s2st_bench.errors import LimitExceeded, SystemFailure
from s2st_bench.system import Observation, Session
from s2st_bench.types import AudioChunk, Modality, Read, Samples, Task, TextChunk, Write

from . import segments
from .hosted import HostedAgent
from .segments import Part, Unit

Loop = Literal["simuleval", "complete"]

SILENT_CALLS = 10_000
"""Calls in a row, after the source's end, that say nothing and do not finish."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What all sessions of a system have in common; see the system for their meaning."""

    segment_ms: int | None = None
    tgt_lang: str | None = None
    unit: Unit = "word"
    loop: Loop = "simuleval"


class AgentSession(Session):
    """One listener's use of an agent."""

    def __init__(self, agent: HostedAgent, task: Task, settings: Settings) -> None:
        self._agent = agent
        self._outputs = task.outputs
        self._settings = settings
        lang = settings.tgt_lang or task.target_lang
        self._source: _SpeechSource | _TextSource = (
            _SpeechSource(settings.segment_ms, lang) if agent.source == "speech"
            else _TextSource(lang)
        )
        if settings.segment_ms is not None and agent.source == "speech":
            self.first = Read(min_s=settings.segment_ms / 1000)
        self._asks_until_finished = agent.source == "text" or settings.loop == "complete"
        self._channels: list[_Channel] = []
        self._said_text = False
        self._silent = True
        self._over = False
        self._states = agent.start()

    def policy(self, observation: Observation) -> Generator[Write, None, Read]:
        """Give the agent all that is new, segment by segment, and pass on what it says."""
        self._source.add(observation)
        for segment in self._segments():
            yield from self._exchange(segment)
        return Read(self._source.missing)

    def close(self) -> None:
        self._agent.finish(self._states)

    def _segments(self) -> Iterator[Any]:
        """Segments to give now; after the end, empty ones for as long as the agent wants."""
        while not self._over and (segment := self._source.next()) is not None:
            yield segment
        silent = 0
        while self._source.ended and self._asks_until_finished and not self._over:
            yield segments.end_segment()
            silent = silent + 1 if self._silent else 0
            if silent >= SILENT_CALLS:
                raise LimitExceeded(
                    f"the agent neither wrote nor finished in {SILENT_CALLS} calls "
                    "after the end of the source"
                )

    def _exchange(self, segment: Any) -> Iterator[Write]:
        """One call of the agent and the writes it makes."""
        answer = segments.parts(self._agent.pushpop(self._states, segment))
        if not self._channels:
            self._channels = [_Channel(self._settings.loop) for _ in answer]
        if len(answer) != len(self._channels):
            raise SystemFailure(
                f"the agent gave {len(answer)} outputs, and {len(self._channels)} before"
            )
        writes = [
            write
            for channel, part in zip(self._channels, answer, strict=True)
            if channel.passes(part, self._source.ended)
            and (write := self._write(part)) is not None
        ]
        self._silent = not writes
        if all(channel.finished for channel in self._channels):
            self._agent.reset(self._states)
            # A finished sentence ends a text recording, but only this sentence of speech.
            self._over = self._source.ended or isinstance(self._source, _TextSource)
            if self._over and not self._source.ended:
                last = writes.pop() if writes else Write()
                writes.append(replace(last, is_final=True))
        yield from writes

    def _write(self, part: Part) -> Write | None:
        """What is said, in the modalities that the task asked for."""
        said = segments.units(part.text, self._settings.unit) if self._wants("text") else ""
        text = segments.joined(said, self._settings.unit, not self._said_text) if said else ""
        audio = part.speech if self._wants("speech") else None
        self._said_text |= bool(text)
        return Write(text, audio) if text or audio is not None else None

    def _wants(self, modality: Modality) -> bool:
        return modality in self._outputs


class _Channel:
    """One output of the agent as the evaluator listens to it."""

    def __init__(self, loop: Loop) -> None:
        self.finished = False
        self._exact = loop == "simuleval"
        self._warned = False

    def passes(self, part: Part, at_end: bool) -> bool:
        """Whether ``part`` is heard; notes whether the output has finished."""
        was_finished, self.finished = self.finished, part.finished
        if not (self._exact and was_finished):
            return not part.empty
        if part.is_speech:
            self.finished |= at_end
            heard = not at_end
        else:
            heard = False
        if not (heard or part.empty or self._warned):
            self._warned = True
            _log.warning(
                "left out what the agent said right after it had finished, as SimulEval's "
                "evaluator does; system.loop=complete keeps it"
            )
        return heard and not part.empty


class _SpeechSource:
    """Source audio, cut into segments of a fixed length."""

    def __init__(self, segment_ms: int | None, lang: str) -> None:
        self.ended = False
        self._segment_ms = segment_ms
        self._lang = lang
        self._kept: Samples = np.empty(0, np.float32)
        self._rate_hz = 0
        self._sent = 0
        self._size = 1
        self._whole = False

    def add(self, observation: Observation) -> None:
        chunk = observation.chunk
        if isinstance(chunk, AudioChunk):
            self._rate_hz = chunk.sample_rate_hz
            if self._segment_ms is not None:
                self._size = segments.segment_samples(self._segment_ms, self._rate_hz)
            kept = self._kept
            self._kept = np.concatenate((kept, chunk.samples)) if len(kept) else chunk.samples
        self._whole = self._whole or observation.is_last

    def next(self) -> Any | None:
        """The next segment that is complete; the last one, when the source is, ends it."""
        if self.ended or not (self._whole or len(self._kept)):
            return None
        size = self._size if self._segment_ms is not None else len(self._kept)
        if not self._whole and len(self._kept) < size:
            return None
        samples, self._kept = self._kept[:size], self._kept[size:]
        self._sent += len(samples)
        self.ended = self._whole and not len(self._kept)
        return segments.speech_segment(
            samples, self._rate_hz, self._sent, self.ended, self._lang
        )

    @property
    def missing(self) -> float:
        """Seconds to the end of the next segment; 0: whatever the run's chunk is."""
        if self._segment_ms is None or not self._rate_hz:
            return 0.0
        return (self._size - len(self._kept)) / self._rate_hz


class _TextSource:
    """Source tokens, one a segment."""

    missing = 0.0

    def __init__(self, lang: str) -> None:
        self.ended = False
        self._lang = lang
        self._kept: deque[str] = deque()
        self._sent = 0
        self._whole = False

    def add(self, observation: Observation) -> None:
        if isinstance(observation.chunk, TextChunk):
            self._kept.extend(observation.chunk.tokens)
        self._whole = self._whole or observation.is_last
        self.ended = self._whole and not self._kept

    def next(self) -> Any | None:
        if not self._kept:
            return None
        token = self._kept.popleft()
        self.ended = self._whole and not self._kept
        self._sent += 1
        return segments.text_segment(token, self._sent - 1, self.ended, self._lang)
