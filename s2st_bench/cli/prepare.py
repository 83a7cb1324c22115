"""``s2st-bench prepare``: make what a corpus needs before use; print what only a user can do."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2st_bench.cli.common import PluginDirs, folders_of, printable
from s2st_bench.cli.corpora import DatasetName, DatasetOptions, corpus_of
from s2st_bench.cli.progress import ProgressLine

if TYPE_CHECKING:
    from s2st_bench.corpora.preparation import Outcome

_Progress = tuple[str, int, int | None]


def prepare(
    ctx: typer.Context,
    dataset: DatasetName,
    overrides: DatasetOptions = None,
    fixture: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Instead write a corpus of a few sentences in the true "
                     "layout to a folder that is new or empty, for trying things out.",
                     show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress line.")] = False,
    plugin_dir: PluginDirs = None,
) -> None:
    """Make what a corpus needs; exit 1 if something is left to be done by hand, 0 if not.

    Interrupted, the same command goes on and makes the same files.
    """
    from s2st_bench.corpora.preparation import prepared

    folders = folders_of(ctx, plugin_dir)
    if fixture is not None:
        _make_fixture(dataset, overrides or [], fixture, folders)
        return
    steps = corpus_of("prepare", dataset, overrides or [], folders).preparation()
    if not steps:
        typer.echo(f"{dataset}: nothing to prepare")
        return
    is_open = False
    with ProgressLine(_describe, sys.stdout, quiet=quiet) as line:
        for outcome in prepared(steps, lambda step, done, total: line((step.title, done, total))):
            line.say(_told(outcome))
            is_open |= outcome.is_open
    if is_open:
        typer.echo(f"{dataset}: do what is said above, then run the same command again", err=True)
        raise typer.Exit(1)
    typer.echo(f"{dataset}: ready")


def _told(outcome: Outcome) -> str:
    said = printable(f": {outcome.said}" if outcome.said else "")
    return f"{outcome.state:8} {outcome.step.title}{said}"


def _describe(progress: _Progress) -> str:
    title, done, total = progress
    return f"{title}: {done:,}" if total is None else f"{title}: {100 * done // (total or 1)}%"


def _make_fixture(dataset: str, overrides: list[str], folder: Path, folders: list[Path]) -> None:
    """Write the fixture and print what runs it."""
    from s2st_bench.corpora.fixtures import make
    from s2st_bench.errors import UsageError
    from s2st_bench.registry import Registry

    if overrides:
        raise UsageError(f"{overrides[0]}: --fixture takes no options of the corpus")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--fixture {folder}: is there and is not empty; give a new folder")
    registry = Registry(folders)
    if dataset not in registry.options("datasets"):
        listed = [path.stem for path in registry.get("datasets", dataset).config_files()]
        raise UsageError(f"{dataset}: give one of its options, {', '.join(listed)}")
    try:
        options = make(dataset, folder, registry)
    except OSError as error:
        raise UsageError(f"--fixture {folder}: cannot be written ({error.strerror or error})"
                         ) from None
    given = " ".join(
        f"{'' if key in ('source_lang', 'target_lang') else 'dataset.'}{key}="
        f"{shlex.quote(str(value))}" for key, value in options.items())
    typer.echo(f"s2st-bench run dataset={dataset} {given}")
