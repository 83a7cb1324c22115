"""One recording through one system: opens what is needed, picks the loop, returns the trace.

A system that fails costs its recording only: the trace then holds what was said until then and
the failure.  Errors of the harness itself are raised.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from s2st_bench import trace as traces
from s2st_bench.clock import Clock, RealtimeClock, make_clock
from s2st_bench.delivery import Delivery
from s2st_bench.errors import AudioError, ConfigError, SystemFailure
from s2st_bench.limits import Limits
from s2st_bench.replay.opening import closing, open_session
from s2st_bench.replay.pipeline import replay_pipeline
from s2st_bench.replay.policy import replay_session
from s2st_bench.replay.recorder import Beat, Recorder
from s2st_bench.replay.source import Source, open_source
from s2st_bench.replay.stream import replay_stream
from s2st_bench.replay.workers import replay_workers
from s2st_bench.system import PipelineSession, StreamSystem, System
from s2st_bench.types import (
    ClockName,
    Failure,
    Modality,
    Recording,
    Samples,
    Task,
    TextSource,
    Trace,
)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a run replays each of its recordings."""

    clock: ClockName = "simulated"
    chunk_s: float = 0.32
    stages: Literal["sequential", "concurrent"] = "concurrent"
    sample_rate_hz: int = 16_000
    outputs: tuple[Modality, ...] | None = None
    """None: all that the system gives."""
    seed: int = 0
    limits: Limits = Limits()
    warmup_s: float = 0.0
    host: str = ""
    load: Mapping[str, Any] = field(default_factory=dict)
    delivery: Delivery = Delivery()


@dataclass(frozen=True, slots=True)
class Replayed:
    """A recording's trace, its steps still encoded."""

    trace: Trace
    """Without its steps."""
    steps: Sequence[str]
    compute_s: float = 0.0
    """All measured work, in seconds."""
    late_s: tuple[float, ...] = ()
    """Under ``realtime``: how late source was released, each time it was waited for."""

    def line(self) -> bytes:
        """The trace's line for ``traces.jsonl``."""
        return traces.encode(self.trace, self.steps).encode()

    def whole(self) -> Trace:
        """The trace with its steps as objects."""
        return traces.decode(self.line())


def task_for(
    system: System, recording: Recording, target_lang: str, options: ReplayOptions
) -> Task:
    """What the session will be told.

    Raises
    ------
    ConfigError
        The system cannot do this task.
    """
    outputs = frozenset(options.outputs or system.outputs)
    task = Task(
        source_lang=recording.source_lang,
        target_lang=target_lang,
        source="text" if isinstance(recording.source, TextSource) else "speech",
        outputs=outputs,
        sample_rate_hz=options.sample_rate_hz,
        context=recording.context,
        terms=recording.context.glossary,
        seed=options.seed,
    )
    try:
        reason = system.supports(task)
    except Exception as error:
        raise ConfigError(
            f"system {system.name}: supports() raised {type(error).__name__}: {error}"
        ) from error
    if reason:
        raise ConfigError(f"system {system.name or type(system).__name__}: {reason}")
    if isinstance(system, StreamSystem) and options.clock != "realtime":
        raise ConfigError(
            f"system {system.name} is a stream and knows only the wall clock: clock=realtime"
        )
    return task


def replay(
    system: System,
    recording: Recording,
    target_lang: str,
    options: ReplayOptions,
    run: Path,
    *,
    slot: str = "recording",
    repeat: int = 0,
    attempt: int = 1,
    beat: Beat | None = None,
    alive: Callable[[], None] | None = None,
    voice_prompt: Samples | None = None,
) -> Replayed:
    """Replay ``recording`` once.

    Parameters
    ----------
    run
        An existing run folder; speech goes to ``pieces/``, spooled steps to ``spool/``.
    slot
        Stem of the file names used there.
    beat, alive
        Called now and then with progress, and while waiting.

    Raises
    ------
    ConfigError
        The system cannot do this task.
    """
    task = task_for(system, recording, target_lang, options)
    if voice_prompt is not None:
        task = replace(task, voice_prompt=voice_prompt)
    limits = _limits_for(recording, options.limits)
    head = Trace(
        system=system.name or type(system).__name__,
        recording_id=recording.id,
        target_lang=target_lang,
        source_length=0.0,
        source_unit="tokens" if task.source == "text" else "s",
        repeat=repeat,
        kind="stream" if isinstance(system, StreamSystem) else "policy",
        clock=options.clock,
        outputs=tuple(sorted(task.outputs)),
        host=options.host,
        load=options.load,
        warmup_s=options.warmup_s,
        attempt=attempt,
        perturbation="" if task.source == "text" else options.delivery.label(),
        privileged=system.privileged,
        voices=tuple(sorted(system.voices)) if "speech" in task.outputs else (),
    )
    recorder = Recorder(run, slot, limits, beat)
    failure: Failure | None = None
    adaptive = False
    stages: Literal["sequential", "concurrent"] = "sequential"
    source: Source | None = None
    late_s: tuple[float, ...] = ()
    try:
        with open_source(recording, options.sample_rate_hz, options.chunk_s,
                         options.delivery) as source:
            clock = make_clock(options.clock, alive)
            try:
                adaptive, stages = _run(
                    system, task, recording, source, clock, recorder, options, limits
                )
            except SystemFailure as error:
                _LOG.warning("%s: %s", recording.id, error, exc_info=error.__cause__)
                failure = Failure(error.kind, str(error))
            if isinstance(clock, RealtimeClock):
                late_s = tuple(clock.late_s)
            _drain(source)
    except AudioError as error:
        failure = Failure("source", str(error))
    finally:
        recorder.close()
    done = replace(
        head,
        source_length=source.position if source is not None else 0.0,
        source_sha256=source.sha256() if source is not None and failure is None else "",
        pieces=tuple(recorder.pieces),
        chunking="adaptive" if adaptive else "fixed",
        stages=stages,
        load=head.load if head.kind == "policy" else {
            **head.load, "disconnects": recorder.disconnects},
        error=failure,
    )
    return Replayed(done, recorder.steps, recorder.compute_s, late_s)


def _run(
    system: System, task: Task, recording: Recording, source: Source, clock: Clock,
    recorder: Recorder, options: ReplayOptions, limits: Limits,
) -> tuple[bool, Literal["sequential", "concurrent"]]:
    """Open the session and run the loop it needs; returns (adaptive, stages)."""
    if isinstance(system, StreamSystem):
        if not isinstance(clock, RealtimeClock):
            raise ConfigError("a stream system needs clock=realtime")
        replay_stream(system, task, source, clock, recorder, limits)
        return False, "concurrent"
    session, opened = open_session(system, task, clock, recorder, recording)
    with closing(session):
        if not isinstance(session, PipelineSession):
            return replay_session(session, system, source, clock, recorder), "sequential"
        concurrent = options.stages == "concurrent"
        if concurrent and clock.wall:
            return replay_workers(session, system, source, clock, recorder), options.stages
        return (
            replay_pipeline(session, system, source, clock, recorder, concurrent, opened),
            options.stages,
        )


def _drain(source: Source) -> None:
    """Decode what a session did not ask for: the record holds the source's true length."""
    while not source.exhausted:
        source.take(1 << 16)


def _limits_for(recording: Recording, limits: Limits) -> Limits:
    """Limits with their defaults filled from the length of the reference segments."""
    if limits.speech_s_per_recording is not None:
        return limits
    if isinstance(recording.source, TextSource):
        length_s = float(len(recording.source.tokens))
    else:
        length_s = max((s.end_s for s in recording.segments), default=0.0)
        length_s = max(length_s, recording.source.duration_s or 0.0)
    return replace(limits, speech_s_per_recording=60.0 + 10.0 * length_s)

