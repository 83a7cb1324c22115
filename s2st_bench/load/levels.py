"""All levels of a run, one after another; finished ones are kept.

One listener is the run itself: its traces stand in the run's folder, and its scores are the
run's.  A level of N listeners is a run folder of its own, ``load/N``, whose traces say
``load.streams`` and count as measured on a shared host: their aware scores rank nowhere.
``load.json`` is written anew after each level.  A level that a kill cut short is measured again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from s2st_bench import host as hosts
from s2st_bench.errors import ConfigError, RunError
from s2st_bench.executor.base import Event, Finished, Setup, Work
from s2st_bench.limits import Limits
from s2st_bench.resume import resume_command
from s2st_bench.store import RunFolder, RunWriter
from s2st_bench.types import AudioSource, Recording, RunRecord, Trace

from .conversations import overlap_s
from .curve import OTHERS_SHARE, Curve, Level, read_curve, write_curve
from .lags import Play, lag_kind, lags_of
from .level import CannotServe, LevelExecutor, Outcome
from .plan import Listener, converse, deal
from .settings import Load

Tell = Callable[[Event, int], None]
"""Told of every event, with the listeners at once."""


@dataclass(frozen=True, slots=True)
class LoadTest:
    """A run's load test."""

    load: Load
    setup: Setup
    limits: Limits
    record: RunRecord
    recordings: tuple[Recording, ...]
    answers: tuple[Recording, ...] = ()
    """The opposite direction, for conversations."""

    def __post_init__(self) -> None:
        for recording in (*self.recordings, *self.answers):
            if not isinstance(recording.source, AudioSource):
                raise ConfigError(f"load.streams: recording {recording.id!r} is text, which nobody "
                                  "speaks in real time; a load test needs speech")

    def listeners(self, streams: int) -> tuple[Listener, ...]:
        """Who hears what at a level."""
        load, langs = self.load, (self.record.target_lang, self.record.source_lang)
        if streams > 1 and self.answers:
            return converse(self.recordings, self.answers, langs, streams,
                            at_least=load.recordings, stagger_s=load.stagger_s)
        return deal(self.recordings, self.record.target_lang, streams,
                    at_least=load.recordings, stagger_s=load.stagger_s)

    def n_plays(self) -> int:
        """Plays of all levels together."""
        return sum(len(one.works) for n in self.load.levels for one in self.listeners(n))

    def n_done(self, folder: Path, alone: int) -> int:
        """Plays that a folder holds already: ``alone`` of one listener, and finished levels."""
        curve = read_curve(folder)
        return alone + sum(level.n_plays for level in (curve.levels if curve else ())
                           if level.streams in self.load.levels[1:] and not level.error)


def measure(
    test: LoadTest, folder: Path, append: Callable[[bytes], None],
    done: set[tuple[str, str, int]], tell: Tell,
) -> Curve:
    """Measure what is not measured yet.

    Parameters
    ----------
    folder
        The run's.
    append
        Takes the traces of one listener, for the run itself.
    done
        Keys of those that it holds already.
    """
    test = replace(test, setup=replace(test.setup, run=folder))
    curve = _begun(test, read_curve(folder))
    for streams in test.load.levels:
        if streams in {level.streams for level in curve.levels}:
            continue
        if streams == 1:
            works = [w for one in test.listeners(1) for w in one.works if w.key not in done]
            outcome = _alone(test, works, append, tell)
            traces: Sequence[Trace] = list(RunFolder(folder).traces())
        else:
            outcome, traces = _together(test, streams, tell)
        level = level_of(streams, traces, outcome, test.load)
        curve = replace(curve, service=outcome.is_service, lag=lag_kind(traces) if traces else
                        curve.lag).with_level(level)
        write_curve(folder, curve)
        if level.error:
            break
    write_curve(folder, curve)
    return curve


def _begun(test: LoadTest, known: Curve | None) -> Curve:
    """The curve so far; levels that could not be measured are tried again."""
    load = test.load
    levels = () if known is None else tuple(one for one in known.levels if not one.error)
    planned = {*load.levels, *(level.streams for level in levels)}
    return Curve(
        target_s=load.target_s, lag=known.lag if known else "write", recordings=load.recordings,
        stagger_s=load.stagger_s, conversations=load.conversations,
        service=known.service if known else False, planned=tuple(sorted(planned)), levels=levels,
    )


def level_of(streams: int, traces: Sequence[Trace], outcome: Outcome, load: Load) -> Level:
    """A level's numbers, from its traces and what was watched meanwhile."""
    plays = [Play.of(trace) for trace in traces]
    lags = lags_of(plays, load.target_s)
    langs = sorted({play.target_lang for play in plays}) if any(
        play.conversation for play in plays) else []
    failed = [play.failure for play in plays if play.failure]
    p50, p95, p99 = lags.percentiles_s or (None, None, None)
    jitter_s = _p99_s(outcome.rehearsed_s)
    usage = outcome.usage
    others = usage.others_cores if usage else None
    return Level(
        streams=streams, n_plays=len(plays), n_failed=len(failed),
        first_failure=failed[0] if failed else "", n_writes=lags.n, n_outside=lags.n_outside,
        p50_s=p50, p95_s=p95, p99_s=p99, max_s=lags.max_s, misses=lags.late, drift=lags.drift,
        jitter_p99_s=jitter_s,
        late_p99_s=_p99_s(outcome.late_s),
        harness_limited=jitter_s is not None and jitter_s > load.max_jitter_s,
        processes=outcome.processes,
        memory_mib=usage.memory_mib if usage else None,
        cpu_cores=usage.cpu_cores if usage else None,
        others_cores=others,
        disturbed=others is not None and others > OTHERS_SHARE * hosts.cores(),
        wall_s=usage.wall_s if usage else 0.0,
        error=outcome.error,
        directions={lang: _p95_s(plays, lang, load) for lang in langs},
        overlap_s=overlap_s(traces),
    )


def _p99_s(late_s: Sequence[float]) -> float | None:
    return float(np.percentile(late_s, 99, method="inverted_cdf")) if late_s else None


def _p95_s(plays: Sequence[Play], lang: str, load: Load) -> float | None:
    found = lags_of(plays, load.target_s, lang).percentiles_s
    return found[1] if found else None


def _alone(
    test: LoadTest, works: Sequence[Work], append: Callable[[bytes], None], tell: Tell
) -> Outcome:
    executor = LevelExecutor(test.setup, test.limits)
    for event in executor.run([Listener(0, 0.0, tuple(works))]):
        if isinstance(event, Finished):
            append(event.line)
        tell(event, 1)
    return executor.outcome


def _together(test: LoadTest, streams: int, tell: Tell) -> tuple[Outcome, Sequence[Trace]]:
    """Measure one level in a folder of its own."""
    folder = test.setup.run / "load" / str(streams)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made ({error.strerror})") from None
    listeners = test.listeners(streams)
    setup = replace(test.setup, run=folder, options=replace(
        test.setup.options, load={**test.setup.options.load, "streams": streams, "shared": True}))
    executor = LevelExecutor(setup, test.limits)
    heard = _heard(test, listeners)
    record = replace(test.record, n_recordings=len(heard))
    resume = resume_command(test.setup.run, test.setup.plugin_dirs)
    with RunWriter(folder, resume) as writer:
        writer.write_recordings(heard)
        writer.write_record(record)
        try:
            for event in executor.run(listeners):
                if isinstance(event, Finished):
                    writer.append_trace(event.line)
                tell(event, streams)
        except CannotServe as error:
            executor.outcome.error = str(error)
        writer.write_record(replace(record, status="finished"))
    shutil.rmtree(folder / "spool", ignore_errors=True)
    return executor.outcome, list(RunFolder(folder).traces())


def _heard(test: LoadTest, listeners: Iterable[Listener]) -> tuple[Recording, ...]:
    """The recordings of a level, in the corpus' order."""
    ids = {work.recording.id for one in listeners for work in one.works}
    return tuple(r for r in (*test.recordings, *test.answers) if r.id in ids)
