"""``s2st-bench doctor``: is everything here that a run needs; can a system's numbers be trusted?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2st_bench.cli import installation
from s2st_bench.cli.common import AsJson, PluginDirs, folders_of, printable, table
from s2st_bench.cli.completion import complete_override

if TYPE_CHECKING:
    from s2st_bench.trust.examine import Settings
    from s2st_bench.trust.report import TrustReport
    from s2st_bench.trust.subject import Status, Subject

_DATASET = "conference"
_EXIT = {"pass": 0, "fail": 1, "inconclusive": 3, "not tested": 3}


def doctor(
    ctx: typer.Context,
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SYSTEM|RUN] [KEY=VALUE]...", autocompletion=complete_override,
            show_default=False,
            help="A system with options as `run` takes them, or a run folder, whose system is "
            "examined and which keeps the verdict (trust.json). Nothing: examine the installation.",
        ),
    ] = None,
    recordings: Annotated[
        int, typer.Option(min=2, max=1000, help="Recordings given, from the shortest to the "
                                                "longest.")
    ] = 10,
    cuts: Annotated[
        int, typer.Option(min=1, max=10_000, help="Points at which they are cut, at least, each "
                                                  "followed by silence, speech, noise, the end.")
    ] = 10,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, show_default=False,
                     help="Processes at once (default: 2; 1 beside a device or for a service)."),
    ] = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    plugin_dir: PluginDirs = None,
) -> None:
    """Report what is installed; or check that a system says what it heard, when it heard it.

    Exit of a trust check: 0 all pass, 1 a failure, 3 inconclusive.
    """
    folders = folders_of(ctx, plugin_dir)
    if not given:
        report = installation.examine(folders)
        if as_json:
            typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            installation.show(report)
        raise typer.Exit(0 if report["ok"] else 1)

    from s2st_bench.trust.examine import Settings
    from s2st_bench.trust.marks import overall

    run = Path(given[0])
    settings = Settings(recordings=recordings, cuts=cuts, workers=workers or 0)
    if (run / "run.json").is_file():
        found = _of_run(run, given[1:], settings, folders, quiet=quiet)
        path = found.write(run)
        typer.echo(f"kept in {path}", err=True)
    else:
        found = _of_system(given, settings, folders, quiet=quiet)
    typer.echo(found.to_json() if as_json else _shown(found), nl=not as_json)
    raise typer.Exit(_EXIT[overall(found.marks)])


def _of_system(
    given: list[str], settings: Settings, folders: list[Path], *, quiet: bool
) -> TrustReport:
    from s2st_bench import compose
    from s2st_bench.errors import UsageError
    from s2st_bench.registry import Registry
    from s2st_bench.trust.subject import subject_of

    first, *rest = given
    if "=" not in first and "/" in first:
        raise UsageError(f"{first}: no run folder (it has no run.json), and no name of a system")
    overrides = [f"system={first}" if "=" not in first else first, *rest]
    keys = {override.partition("=")[0] for override in overrides}
    if "dataset" not in keys:
        overrides.append(f"dataset={_DATASET}")
    if "score" not in keys:
        overrides.append("score=false")
    config = compose.compose(overrides, plugin_dirs=folders)
    return _judged(subject_of(config, Registry(folders)), settings, quiet=quiet)


def _of_run(
    run: Path, rest: list[str], settings: Settings, folders: list[Path], *, quiet: bool
) -> TrustReport:
    from dataclasses import replace

    from s2st_bench.config import RunConfig
    from s2st_bench.errors import UnknownPluginError, UsageError
    from s2st_bench.registry import Registry
    from s2st_bench.store import RunFolder
    from s2st_bench.trust.subject import judge_log, subject_of

    if rest:
        raise UsageError(f"{rest[0]}: a run is examined as it was made; name its system instead, "
                         "to change an option")
    folder = RunFolder(run)
    record = folder.record()
    traces = list(folder.traces())
    registry = Registry(folders)
    langs = record.source_lang, record.target_lang
    if not record.config.get("system"):
        return judge_log(dict(record.config), langs, traces, record.system,
                         "a log only, there is no system to replay")
    config = RunConfig.from_dict(record.config)
    try:
        registry.get("systems", config.system.name)
    except UnknownPluginError as error:
        return judge_log(dict(record.config), langs, traces, record.system, str(error))
    subject = subject_of(replace(config, source_lang=langs[0], target_lang=langs[1]), registry,
                         list(folder.recordings()))
    return _judged(subject, settings, quiet=quiet, run=folder.path)


def _judged(
    subject: Subject, settings: Settings, *, quiet: bool, run: Path | None = None
) -> TrustReport:
    from s2st_bench.cli.progress import ProgressLine
    from s2st_bench.store import RunFolder
    from s2st_bench.trust.subject import judge, planned

    settings = _for(settings, subject)
    n, replays = planned(subject, settings)
    if not quiet and not subject.system.privileged:
        typer.echo(f"{subject.config.system.name}, {subject.source_lang}-{subject.target_lang}: "
                   f"about {replays} replays of {n} recordings"
                   f"{' in real time' if subject.is_stream else ''}", err=True)
    traces = () if run is None else tuple(RunFolder(run).traces())
    told = False

    with ProgressLine(_progress, quiet=quiet) as line:
        def progress(status: Status) -> None:
            nonlocal told
            if not told and not quiet and status.done >= n:
                told = True
                line.say(f"by the first round it takes {max(1, round(status.left_s))} s more")
            line(status)

        return judge(subject, settings, progress=progress, traces=traces)


def _for(settings: Settings, subject: Subject) -> Settings:
    """With a number of workers: one, unless asked for, for a service or beside a device."""
    from dataclasses import replace

    from s2st_bench import host

    config = subject.config.executor
    alone = subject.is_stream or config.params.get("device", "cpu") != "cpu"
    default = 1 if alone else max(config.workers, min(2, host.cores()))
    return replace(settings, workers=settings.workers or default)


def _progress(status: Status) -> str:
    return (f"{status.done}/{status.total} replays: {status.what}, about {status.left_s:.0f} s "
            "left")


def _shown(report: TrustReport) -> str:
    """The marks as a table for people."""
    from s2st_bench.trust.marks import overall

    rows = [[mark.title, mark.verdict, printable(mark.evidence)] for mark in report.marks]
    return (f"{table(rows)}\n{printable(report.system)}: {overall(report.marks)} "
            f"({report.n_recordings} recordings, {report.n_cuts} cuts, {report.n_replays} replays; "
            f"configuration {report.signature})")
