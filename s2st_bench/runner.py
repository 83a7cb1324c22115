"""A run from its configuration to its folder: corpus, works, executor, traces, scores.

The runner alone writes the run folder; workers only add files for speech and spooled steps.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from s2st_bench import host as hosts
from s2st_bench.build import build_corpus, build_system
from s2st_bench.config import RunConfig
from s2st_bench.corpus import Corpus, fingerprint
from s2st_bench.errors import BenchError, ConfigError, CorpusError, Interrupted, RunError
from s2st_bench.executor import (
    Event,
    Executor,
    Finished,
    Loaded,
    Progress,
    Setup,
    Work,
    batch_of,
    choose_executor,
    threads_of,
)
from s2st_bench.home import Home, new_home, resumed_home
from s2st_bench.load.asked import load_test
from s2st_bench.load.levels import LoadTest, measure
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, task_for
from s2st_bench.replay.together import check_batchable
from s2st_bench.resume import resume_command
from s2st_bench.store import RunFolder, RunWriter, write_atomically
from s2st_bench.system import System
from s2st_bench.types import Recording, RunRecord

CONFIG = "config.yaml"
RECORD = "run.json"
_MAY_DIFFER = frozenset({"name", "out", "resume", "redo", "metrics", "metric_options", "score"})
"""Settings a resumed run need not repeat: they change no trace."""
_LEFT_OUT_TOLD = 20
"""Damaged recordings that a record names one by one."""


@dataclass(frozen=True, slots=True)
class Status:
    """How far a run is, for a progress bar."""

    done: int
    total: int
    failed: int
    source_s: float
    """Source replayed so far, all recordings together."""
    compute_s: float
    lag_s: float
    """Live lag of the recording that moved last."""
    load_s: float | None = None
    streams: int = 1
    """Listeners at once."""

    @property
    def rtf(self) -> float | None:
        """Compute over source so far."""
        return self.compute_s / self.source_s if self.source_s > 0 else None


OnStatus = Callable[[Status], None]


def run(
    config: RunConfig, *, plugin_dirs: Sequence[Path] = (), progress: OnStatus | None = None
) -> Path:
    """Replay and score; returns the run folder.

    Raises
    ------
    BenchError
        Anything that keeps the run from being made; recordings that fail do not.
    """
    registry = Registry(plugin_dirs)
    executor_of = choose_executor(config.executor)
    if config.score:
        from s2st_bench.scoring import make_metrics

        # a metric that cannot be made is said before hours of replay, not after
        make_metrics(config.metrics, registry, config.metric_options)
    corpus = build_corpus(
        config.dataset, registry, source_lang=config.source_lang, target_lang=config.target_lang
    )
    recordings = _checked(list(corpus.recordings()), config)
    source_lang, target_lang = _languages(recordings, config)
    host = hosts.describe()
    options = _options(config, host)
    system = build_system(config.system, registry)
    task_for(system, recordings[0], target_lang, options)
    if (batch := batch_of(config.executor)) > 1:
        check_batchable(system, options.clock)
    record = RunRecord(
        system=config.system.name,
        corpus=config.dataset.name,
        clock=options.clock,
        config=config.to_dict(),
        source_lang=source_lang,
        target_lang=target_lang,
        outputs=config.outputs or tuple(sorted(system.outputs)),
        card=_system_card(system, config, registry),
        corpus_card=_corpus_card(corpus, recordings, config),
        fingerprint=_named(fingerprint(recordings), config),
        n_recordings=len(recordings),
        git_commit=hosts.git_commit(),
        versions=hosts.versions(),
        host=host,
        started_at=_now(),
    )
    setup = Setup(
        system=config.system, plugin_dirs=tuple(registry.folders), options=options, run=config.out,
        device=str(config.executor.params.get("device", "cpu")),
        threads=threads_of(config.executor),
            batch=batch,
    )
    test = load_test(config, registry, record, recordings, setup)
    with ExitStack() as stack:
        home = _home(config, record, stack)
        if config.resume is not None:
            record = _resumed(RunFolder(home.path), record)
        executor = executor_of(replace(setup, run=home.path))
        works = list(_works(recordings, target_lang, config))
        _replay(executor, works, record, recordings, config, home, plugin_dirs, progress,
                test and replace(test, record=record))
        if config.score:
            from s2st_bench.scoring import score_run

            score_run(home.path, metrics=config.metrics, registry=registry,
                      metric_options=config.metric_options)
            home.put("scores.json")
    return home.path


def _replay(
    executor: Executor, works: Sequence[Work], record: RunRecord, recordings: Sequence[Recording],
    config: RunConfig, home: Home, plugin_dirs: Sequence[Path], progress: OnStatus | None,
    test: LoadTest | None,
) -> None:
    """Replay what is not done yet, writing it down as it comes; a load test, level by level."""
    resume = resume_command(home.name, plugin_dirs)
    with RunWriter(home.path, resume) as writer:
        done: set[tuple[str, str, int]] = set()
        if config.resume is None:
            writer.write_recordings(recordings)
            write_atomically(home.path / CONFIG, config.to_yaml())
        else:
            if config.redo:
                writer.drop_traces(lambda t: t.error is not None and t.error.kind in config.redo)
            done = {trace.key for trace in RunFolder(home.path).traces()}
        writer.write_record(record)
        home.put("recordings.jsonl", CONFIG, RECORD)
        tally = _Tally(len(works), len(done)) if test is None else _Tally(
            test.n_plays(), test.n_done(home.path, len(done)))

        def tell(event: Event, streams: int = 1) -> None:
            if (status := tally.add(event, streams)) is not None and progress is not None:
                progress(status)

        try:
            if test is not None:
                measure(test, home.path, writer.append_trace, done, tell)
                works = ()
            for event in executor.run([work for work in works if work.key not in done]):
                if isinstance(event, Finished):
                    writer.append_trace(event.line)
                    home.recording(event.line)
                tell(event)
        except KeyboardInterrupt as stop:
            _give_up(writer, home, record)
            raise Interrupted.by(
                stop, f"{tally.done} of {tally.total} recordings are kept; finish the run with: "
                f"{resume}"
            ) from None
        except BenchError:
            _give_up(writer, home, record)
            raise
        writer.write_record(replace(record, status="finished", finished_at=_now()))
    _sweep(home.path / "spool")
    home.finish(RECORD)


def _give_up(writer: RunWriter, home: Home, record: RunRecord) -> None:
    """Say in the record that the run is not whole, if that can be written: what is done is in the
    traces, and the error that ended it counts.
    """
    with suppress(RunError):
        writer.write_record(replace(record, status="interrupted"))
        home.flush()
        home.put(RECORD)


def stored_config(path: Path) -> RunConfig:
    """The configuration a run folder was made with.

    Raises
    ------
    InputError, ConfigError
    """
    record = RunFolder(path).record()
    return replace(RunConfig.from_dict(record.config), resume=Path(path))


def _home(config: RunConfig, record: RunRecord, stack: ExitStack) -> Home:
    """Where the run is written; for one elsewhere, held until the stack is left."""
    if config.resume is not None:
        return resumed_home(config.resume, stack)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    pair = f"{record.source_lang}-{record.target_lang}"
    made = f"{stamp}-{record.system}-{record.corpus}-{pair}"
    return new_home(config.out, config.name, made, stack)


def _checked(recordings: list[Recording], config: RunConfig) -> list[Recording]:
    if not recordings:
        raise CorpusError(
            f"dataset {config.dataset.name}: no recordings with these options; "
            f"`s2st-bench show {config.dataset.name}` lists splits and languages"
        )
    seen: set[str] = set()
    for recording in recordings:
        if recording.id in seen:
            raise CorpusError(
                f"dataset {config.dataset.name}: two recordings have the id {recording.id!r}"
            )
        seen.add(recording.id)
    return recordings


def _languages(recordings: Sequence[Recording], config: RunConfig) -> tuple[str, str]:
    """The run's one pair; all recordings must offer it."""
    sources = sorted({r.source_lang for r in recordings})
    if len(sources) > 1:
        raise ConfigError(
            f"dataset {config.dataset.name} has several source languages ({', '.join(sources)}); "
            f"choose one: source_lang={sources[0]}"
        )
    offered = set.intersection(*(set(r.target_langs) for r in recordings))
    wanted = config.target_lang
    if wanted is None:
        if len(offered) == 1:
            return sources[0], offered.pop()
        listed = ", ".join(sorted(offered)) or "none common to all recordings"
        raise ConfigError(
            f"target_lang is not given; dataset {config.dataset.name} offers {listed}"
        )
    return sources[0], wanted


def _works(
    recordings: Sequence[Recording], target_lang: str, config: RunConfig
) -> Iterator[Work]:
    for repeat in range(config.repeat):
        for index, recording in enumerate(recordings):
            yield Work(repeat * len(recordings) + index, recording, target_lang, repeat)


def _options(config: RunConfig, host: Mapping[str, Any]) -> ReplayOptions:
    """How each recording is replayed; what the host was doing, where time is measured."""
    measured = config.clock.name != "ideal"
    workers = config.executor.workers
    load: Mapping[str, Any] = {}
    if measured:
        load = {"workers": workers, "cores": hosts.cores(), "shared": hosts.busy(workers)}
    return ReplayOptions(
        clock=config.clock.name,  # type: ignore[arg-type]  # checked by RunConfig
        chunk_s=config.chunk_s,
        stages=config.stages,
        sample_rate_hz=config.sample_rate_hz,
        outputs=config.outputs,
        seed=config.seed,
        limits=config.executor.limits,
        warmup_s=config.warmup_s if measured else 0.0,
        host=hosts.label(host),
        load=load,
        delivery=config.delivery,
    )


def _resumed(folder: RunFolder, now: RunRecord) -> RunRecord:
    """The stored record, if ``now`` would make the same traces.

    Raises
    ------
    RunError
        Naming the settings that differ.
    """
    above = folder.path.resolve().parent
    if above.name == "load" and (above.parent / "run.json").is_file():
        raise RunError(f"{folder.path}: a level of a load test, which is measured as a whole; go "
                       f"on with the test: resume={folder.path.parent.parent}")
    stored = folder.record()
    # read as a configuration, so that settings which came later stand at their defaults
    old, new = RunConfig.from_dict(stored.config).to_dict(), dict(now.config)
    # levels that are measured stay, others are added
    old["load"] = {**old["load"], "streams": new["load"]["streams"]}
    differ = [
        f"{key} was {old.get(key)!r}, now {new.get(key)!r}"
        for key in sorted({*old, *new} - _MAY_DIFFER - {"executor"})
        if old.get(key) != new.get(key)
    ]
    if stored.fingerprint != now.fingerprint:
        differ.append(f"the corpus was {stored.fingerprint}, now {now.fingerprint}")
    if stored.clock != "ideal" and stored.host != now.host:
        differ.append("the machine is another one, and this run measures time")
    if differ:
        raise RunError(
            f"{folder.path}: cannot be resumed with another configuration: {'; '.join(differ)}"
        )
    return replace(stored, status="running", finished_at="", scores=(),
                   config={**stored.config, "load": new["load"]})


def _system_card(system: System, config: RunConfig, registry: Registry) -> dict[str, Any]:
    plugin = registry.get("systems", config.system.name)
    cost = {"cost_per_hour": system.cost_per_hour, "currency": system.currency}
    return {
        **({} if system.cost_per_hour is None else cost),
        "summary": plugin.summary,
        "licence": plugin.licence,
        "params": dict(config.to_dict()["system"]),
        "control": system.control or system.privileged,
        "privileged": system.privileged,
    }


def _named(made: str, config: RunConfig) -> str:
    """The name of the test set; one that comes over a bad network is another test set."""
    label = config.delivery.label()
    return hashlib.sha256(f"{made} {label}".encode()).hexdigest()[:16] if label else made


def _corpus_card(
    corpus: Corpus, recordings: Sequence[Recording], config: RunConfig
) -> dict[str, Any]:
    """The card; what was done to the corpus and to which test set; and what was left out as
    damaged: how many, why, and the first of them.
    """
    card = asdict(corpus.card())
    if label := config.delivery.label():
        card["clean"] = card["clean"] or fingerprint(recordings)
        card["perturbation"] = "; ".join(filter(None, (card["perturbation"], label)))
    if left_out := corpus.left_out():
        card["left_out"] = {
            "recordings": len(left_out),
            "reasons": dict(Counter(found.kind for found in left_out.values()).most_common()),
            "first": {recording: str(found)
                      for recording, found in islice(left_out.items(), _LEFT_OUT_TOLD)},
        }
    return card


def _sweep(folder: Path) -> None:
    """Spools of recordings that are done by now."""
    for left in folder.glob("*"):
        with suppress(OSError):
            left.unlink()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class _Tally:
    """Adds events up to a status."""

    def __init__(self, total: int, done: int) -> None:
        self.total = total
        self.done = done
        self._failed = 0
        self._source_s = 0.0
        self._compute_s = 0.0
        self._lag_s = 0.0
        self._load_s: float | None = None
        self._running: dict[int, tuple[float, float]] = {}

    def add(self, event: Event, streams: int = 1) -> Status | None:
        if isinstance(event, Loaded):
            self._load_s = event.load_s
        elif isinstance(event, Progress):
            self._running[event.index] = (event.source_s, event.compute_s)
            self._lag_s = event.lag_s
        else:
            self._running.pop(event.index, None)
            self.done += 1
            self._failed += bool(event.failed)
            self._source_s += event.source_s
            self._compute_s += event.compute_s
        running = self._running.values()
        return Status(
            self.done, self.total, self._failed,
            self._source_s + sum(s for s, _ in running),
            self._compute_s + sum(c for _, c in running),
            self._lag_s, self._load_s, streams,
        )
