"""``s2st-bench board``: the HTML leaderboard of any number of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from s2st_bench.cli.common import printable, runs_here


def board(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN...", show_default=False, callback=runs_here,
                       help="Run folders, or folders that hold some."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the site is written.")
    ] = Path("board"),
    single_file: Annotated[
        bool, typer.Option("--single-file", help="One HTML file, OUT.html, sound included."),
    ] = False,
    max_mb: Annotated[
        float, typer.Option(help="Refuse a larger --single-file.", show_default=True)
    ] = 25.0,
    add: Annotated[
        list[Path] | None,
        typer.Option("--add", metavar="BUNDLE", show_default=False,
                     help="A bundle of `pack`; checked and scored anew. Several: repeat it."),
    ] = None,
    definition: Annotated[
        str,
        typer.Option("--board", metavar="PRESET|FILE",
                     help="Columns, order and regimes: research, iwslt2026, speech, procurement, "
                          "or a .toml file."),
    ] = "research",
    title: Annotated[
        str, typer.Option(show_default=False, help="The board's heading, instead of its preset's.")
    ] = "",
    audio_s: Annotated[
        float | None,
        typer.Option("--audio-s", metavar="SECONDS", show_default=False,
                     help="How much sound it may hold (default: half an hour)."),
    ] = None,
    validity: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False,
                     help="A validity.json, for a page on the metrics' bias and sensitivity."),
    ] = None,
    published: Annotated[
        bool,
        typer.Option("--published", help="Add what others published: a page, and rows below "
                                         "measured ones of the same test set."),
    ] = False,
) -> None:
    """Build the leaderboard; prints the page to open last."""
    from tempfile import TemporaryDirectory

    import s2st_bench.leaderboards.site as site
    from s2st_bench.errors import UsageError

    if not runs and not add:
        raise UsageError("name run folders, or bundles with --add")
    seconds = site.AUDIO_S if audio_s is None else audio_s
    chosen = site.read_definition(definition)

    def note(text: str) -> None:
        typer.echo(f"note: {printable(text)}", err=True)

    with TemporaryDirectory(prefix="s2st-bench-") as folder:
        known = list(run_folders(runs or []))
        added = [_added(bundle, Path(folder), known) for bundle in add or []]
        folder_out = Path(folder) / "site" if single_file else out
        page = site.build([*known, *added], folder_out, title=title, audio_s=seconds,
                          validity=validity, definition=chosen, note=note,
                          published=site.PUBLISHED if published else None)
        if single_file:
            named = out if out.suffix == ".html" else out.with_name(f"{out.name}.html")
            page = site.single_file(page.parent, named, max_mb)
    typer.echo(page)


def _added(bundle: Path, folder: Path, known: Sequence[Path]) -> Path:
    """The run of a bundle, checked against the runs made here and scored anew."""
    from s2st_bench.bundle import rescored, same_references, unpack

    name = bundle.name.removesuffix(".zip").removesuffix(".s2st")
    into = folder / str(len(list(folder.iterdir()))) / name
    into.mkdir(parents=True)
    unpack(bundle, into)
    notes = same_references(into, str(bundle), known)
    for note in [*notes, *rescored(into, str(bundle))[1]]:
        typer.echo(f"note: {printable(str(bundle))}: {printable(note)}", err=True)
    return into


def run_folders(paths: Sequence[Path]) -> Iterator[Path]:
    """Run folders among ``paths`` and one level below; what is neither is passed on, so that
    reading it says what is wrong.
    """
    for path in paths:
        below = sorted(found.parent for found in path.glob("*/run.json"))
        if (path / "run.json").is_file() or not below:
            yield path
        else:
            yield from below
