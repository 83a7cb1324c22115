"""``s2st-bench board``: the HTML leaderboard of any number of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer


def board(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", show_default=False,
                       help="Run folders, or folders that hold some."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the site is written.")
    ] = Path("board"),
    title: Annotated[
        str, typer.Option(help="The board's heading.")
    ] = "Simultaneous interpretation",
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
) -> None:
    """Build the leaderboard; prints the page to open last."""
    import s2st_bench.leaderboards.site as site

    seconds = site.AUDIO_S if audio_s is None else audio_s
    typer.echo(site.build(list(run_folders(runs)), out, title=title, audio_s=seconds,
                          validity=validity))


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
