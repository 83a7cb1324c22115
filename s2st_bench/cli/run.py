"""``s2st-bench run``: replay a corpus to a system and score what it says."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2st_bench.cli.common import PluginDirs, folders_of
from s2st_bench.cli.completion import complete_override

if TYPE_CHECKING:
    from s2st_bench.config import RunConfig


def run(
    ctx: typer.Context,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE", autocompletion=complete_override, show_default=False,
            help="system=NAME dataset=NAME, and any option: target_lang=es clock=ideal "
            "chunk_s=0.5; or -m sweep=NAME for a whole curve",
        ),
    ] = None,
    multirun: Annotated[
        bool, typer.Option("--multirun", "-m", help="A sweep: system.k=1,3,5 runs three times.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the composed configuration and stop.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
    board: Annotated[
        Path | None,
        typer.Option("--board", metavar="DIR", show_default=False,
                     help="Then build the leaderboard of what ran, all points of a sweep on it."),
    ] = None,
    plugin_dir: PluginDirs = None,
) -> None:
    """Replay and score; prints the run folder last.  Without arguments: the demo."""
    folders = folders_of(ctx, plugin_dir)
    if not overrides and not multirun and not dry_run:
        _demo(quiet=quiet)
        return

    from s2st_bench import compose
    from s2st_bench.remote import home_of

    task: Callable[[RunConfig], object] = _print
    if not dry_run:
        task = partial(_run, folders=folders, quiet=quiet, parent=os.getpid())
    if multirun:
        made = compose.multirun(task, overrides or [], plugin_dirs=folders)
    else:
        made = [task(compose.compose(overrides or [], plugin_dirs=folders))]
    points = [point for point in made if isinstance(point, Point)]
    for point in points:
        if not point.told:
            typer.echo(home_of(point.path) or point.path)
    if board is not None and points:
        import s2st_bench.leaderboards.site as site

        typer.echo(site.build([point.path for point in points], board))


@dataclass(frozen=True, slots=True)
class Point:
    """A run that was made."""

    path: Path
    told: bool
    """Its folder was printed; a launcher's process may have nowhere to print to."""


def _print(config: RunConfig) -> None:
    typer.echo(f"---\n{config.to_yaml()}", nl=False)


def _run(config: RunConfig, *, folders: list[Path], quiet: bool, parent: int) -> Point:
    from s2st_bench import runner
    from s2st_bench.cli import run_view
    from s2st_bench.cli.progress import ProgressLine, describe
    from s2st_bench.remote import home_of
    from s2st_bench.store import RunFolder

    with ProgressLine(describe, quiet=quiet) as line:
        path = runner.run(config, plugin_dirs=folders, progress=line)
    if not quiet:
        folder = RunFolder(path)
        said = [run_view.outcome(folder)] if config.score else run_view.load(folder)
        typer.echo("\n\n".join(said), err=True, nl=bool(said))
    told = os.getpid() == parent
    if told:
        typer.echo(home_of(path) or path)
    return Point(path.resolve(), told)


def _demo(*, quiet: bool) -> None:
    from s2st_bench import demo
    from s2st_bench.cli.progress import ProgressLine, describe

    with ProgressLine(describe, quiet=quiet) as line:
        page = demo.run_demo(Path("runs"), say=partial(typer.echo, err=True), progress=line)
    typer.echo(f"the board: {page}")
