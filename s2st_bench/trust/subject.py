"""Who is examined, on what: from a run's configuration to recordings that a prober can give."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from s2st_bench import __version__
from s2st_bench.build import build_corpus, build_system
from s2st_bench.config import REDACTED, RunConfig
from s2st_bench.errors import ConfigError, CorpusError, InputError, UsageError
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, task_for
from s2st_bench.system import StreamSystem, System
from s2st_bench.types import AudioSource, Recording, TextSource, Trace

from .examine import STREAM_SLACK_S, Settings, examine
from .marks import Mark, ordered, untested
from .material import JOINED_S, JOINED_TOKENS, Material, joined, spread
from .probe import WorkerProber
from .report import TrustReport, signed
from .timing import faults, judge_faults

LONG_SHARE = 0.66
"""Recordings this share of :data:`JOINED_S` long need no joined one beside them."""


@dataclass(frozen=True, slots=True)
class Status:
    """How far an examination is."""

    done: int
    total: int
    """Replays foreseen; more where something is looked at again."""
    what: str
    left_s: float
    """Estimated at the pace so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A system and the recordings it is examined on, in one pair of languages."""

    config: RunConfig
    registry: Registry
    system: System
    options: ReplayOptions
    recordings: tuple[Recording, ...]
    source_lang: str
    target_lang: str

    @property
    def is_stream(self) -> bool:
        return isinstance(self.system, StreamSystem)

    @property
    def is_text(self) -> bool:
        return isinstance(self.recordings[0].source, TextSource)


def subject_of(
    config: RunConfig, registry: Registry, recordings: Sequence[Recording] | None = None
) -> Subject:
    """The system of ``config``, on ``recordings`` or on its corpus.

    Languages that are not given are the first pair of the corpus that the system takes.

    Raises
    ------
    UsageError
        A secret of the configuration is not at hand, or no recording suits the system.
    """
    if REDACTED in _texts(config.system.to_dict()):
        raise UsageError(f"system {config.system.name}: its stored configuration had a secret "
                         "taken out; name the system and its options instead of the run")
    system = build_system(config.system, registry)
    options = ReplayOptions(
        clock="realtime" if isinstance(system, StreamSystem) else "ideal",
        chunk_s=config.chunk_s, stages=config.stages, sample_rate_hz=config.sample_rate_hz,
        outputs=config.outputs, seed=config.seed, limits=config.executor.limits,
    )
    if recordings is None:
        langs, able = _of_corpus(system, config, registry, options)
    else:
        langs = _first_pair(system, recordings, config, options)
        able = _in_pair(recordings, *langs)
    return Subject(config, registry, system, options, tuple(able), *langs)


def planned(subject: Subject, settings: Settings) -> tuple[int, int]:
    """(recordings, replays) that an examination takes; decodes nothing."""
    n = min(settings.recordings, len(subject.recordings)) + 1
    return n, settings.replays(n, text=subject.is_text, stream=subject.is_stream)


def judge(
    subject: Subject, settings: Settings, *, say: Callable[[str], None] = lambda line: None,
    progress: Callable[[Status], None] | None = None, traces: Sequence[Trace] = (),
) -> TrustReport:
    """Examine it.  ``traces`` of a run are looked at for stamps that cannot be, too.

    Raises
    ------
    BenchError
        The system cannot be loaded, or a recording cannot be read.
    """
    if subject.system.privileged:
        return _report(subject, settings, untested("not testable: it sees the references"))
    _, total = planned(subject, settings)
    tally = _Tally(total, progress)
    with tempfile.TemporaryDirectory(prefix="s2st-bench-trust-") as folder:
        originals = materials(subject, settings)
        prober = WorkerProber(
            subject.config, subject.registry, Path(folder), subject.options, subject.source_lang,
            subject.target_lang, context=subject.recordings[0].context, on_done=tally.add,
        )

        def doing(what: str) -> None:
            tally.what = what
            say(what)

        found = examine(prober, originals, _guard(subject, originals), settings,
                        stream=subject.is_stream, say=doing)
    marks = ordered([*found.marks, *_of_run(found.marks, traces)])
    return _report(subject, settings, marks, found.n_recordings, found.n_cuts, tally.done)


def judge_log(config: dict[str, Any], langs: tuple[str, str], traces: Sequence[Trace],
              system: str, reason: str) -> TrustReport:
    """What traces alone can show, where there is no system to replay."""
    marks = ordered([*untested(f"not testable: {reason}"), _stamps(traces)])
    return TrustReport(system, signed(config, *langs), marks, "the run's traces", {}, len(traces),
                       0, 0, _now(), __version__)


def materials(subject: Subject, settings: Settings) -> list[Material]:
    """The recordings examined: from the shortest to the longest, and some joined to a long one."""
    chosen = [subject.recordings[i] for i in
              spread([_length(r) for r in subject.recordings], settings.recordings)]
    made = [_material(recording, subject, settings) for recording in chosen]
    wanted = float(JOINED_TOKENS) if subject.is_text else JOINED_S
    if max(material.length for material in made) < LONG_SHARE * wanted or len(made) < 2:
        made.append(joined(list(itertools.islice(itertools.cycle(made), 100)), wanted))
    return made


def _of_run(marks: Sequence[Mark], traces: Sequence[Trace]) -> list[Mark]:
    """The stamps of the run itself count where they are worse than the replays'."""
    stamps = _stamps(traces)
    return [stamps] if stamps.verdict == "fail" else []


def _stamps(traces: Sequence[Trace]) -> Mark:
    return judge_faults(((t.recording_id, list(faults(t))) for t in traces), "traces of the run")


def _guard(subject: Subject, originals: Sequence[Material]) -> float:
    """A chunk and the resampler's delay; of a stream also what its network may take."""
    if subject.is_text:
        return 1.0
    from s2st_bench.audio.resample import resampler_delay_s

    delay_s = max(resampler_delay_s(m.native_hz or m.rate_hz, m.rate_hz) for m in originals)
    return subject.options.chunk_s + delay_s + (STREAM_SLACK_S if subject.is_stream else 0.0)


def _material(recording: Recording, subject: Subject, settings: Settings) -> Material:
    source = recording.source
    if isinstance(source, TextSource):
        return Material(recording.id, None, source.tokens)
    from s2st_bench.audio import info
    from s2st_bench.audio.source import read_audio

    rate_hz = subject.options.sample_rate_hz
    length_s = min(source.duration_s or settings.longest_s, settings.longest_s)
    samples = read_audio(source.path, source.offset_s, length_s, rate_hz)
    return Material(recording.id, samples, (), rate_hz, info(source.path).sample_rate_hz)


def _length(recording: Recording) -> float:
    source = recording.source
    if isinstance(source, AudioSource):
        return source.duration_s or max((s.end_s for s in recording.segments), default=0.0)
    return float(len(source.tokens))


def _of_corpus(
    system: System, config: RunConfig, registry: Registry, options: ReplayOptions
) -> tuple[tuple[str, str], list[Recording]]:
    """The first pair of the corpus that the system takes, and the recordings in it.

    A corpus that is not told its languages may give one source language only: then each of the
    languages it names is tried as the source.
    """
    def read(source_lang: str | None, target_lang: str | None) -> list[Recording]:
        corpus = build_corpus(config.dataset, registry, source_lang=source_lang,
                              target_lang=target_lang)
        found = list(corpus.recordings())
        if not found:
            raise CorpusError(f"dataset {config.dataset.name}: no recordings with these options")
        return found

    recordings = read(config.source_lang, config.target_lang)
    try:
        langs = _first_pair(system, recordings, config, options)
        return langs, _in_pair(recordings, *langs)
    except ConfigError:
        named = dict.fromkeys(lang for r in recordings for lang in (r.source_lang, *r.target_langs))
        for source_lang in named:
            if config.source_lang is None and source_lang != recordings[0].source_lang:
                with contextlib.suppress(UsageError, InputError):
                    others = read(source_lang, config.target_lang)
                    langs = _first_pair(system, others, config, options)
                    return langs, _in_pair(others, *langs)
        raise


def _first_pair(
    system: System, recordings: Sequence[Recording], config: RunConfig, options: ReplayOptions
) -> tuple[str, str]:
    """The first pair of languages that the system takes; raises ConfigError with its reason."""
    pairs = dict.fromkeys((r.source_lang, target) for r in recordings for target in r.target_langs
                          if config.source_lang in (None, r.source_lang)
                          and config.target_lang in (None, target))
    refused = ConfigError(
        f"dataset {config.dataset.name} has no recordings from {config.source_lang or 'any'} into "
        f"{config.target_lang or 'any'}")
    for number, (source_lang, target_lang) in enumerate(pairs):
        recording = next(r for r in recordings if r.source_lang == source_lang)
        try:
            task_for(system, recording, target_lang, options)
            return source_lang, target_lang
        except ConfigError as error:
            refused = refused if number else error
    raise refused


def _in_pair(
    recordings: Sequence[Recording], source_lang: str, target_lang: str
) -> list[Recording]:
    return [r for r in recordings
            if r.source_lang == source_lang and target_lang in r.target_langs]


def _report(
    subject: Subject, settings: Settings, marks: Sequence[Mark], n_recordings: int = 0,
    n_cuts: int = 0, n_replays: int = 0,
) -> TrustReport:
    return TrustReport(
        subject.config.system.name,
        signed(subject.config.to_dict(), subject.source_lang, subject.target_lang),
        ordered(marks), subject.config.dataset.name,
        {"recordings": settings.recordings, "cuts": settings.cuts, "repeats": settings.repeats,
         "longest_s": settings.longest_s, "quiet_s": settings.quiet_s,
         "clock": subject.options.clock, "chunk_s": subject.options.chunk_s},
        n_recordings, n_cuts, n_replays, _now(), __version__,
    )


def _texts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in _texts(inner)]
    return [value]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class _Tally:
    """Replays done, and how long the others will take at this pace."""

    def __init__(self, total: int, progress: Callable[[Status], None] | None) -> None:
        self.done = 0
        self.what = ""
        self._total = total
        self._progress = progress
        self._began_s = time.monotonic()

    def add(self, length: float) -> None:
        self.done += 1
        if self._progress is not None:
            each_s = (time.monotonic() - self._began_s) / self.done
            left = max(0, self._total - self.done)
            self._progress(Status(self.done, max(self._total, self.done), self.what,
                                  left * each_s))

