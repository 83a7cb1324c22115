"""``s2st-bench report``: runs as tables, plots and text for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from s2st_bench.cli.common import AsJson


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", show_default=False,
                       help="Run folders, or folders that hold some."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the files are written.")
    ] = Path("report"),
    as_json: AsJson = False,
) -> None:
    """Write LaTeX tables, CSV, Markdown, plots (PDF, SVG), a methods paragraph and BibTeX.

    Prints the files; runs are compared as on the board.
    """
    import json

    from s2st_bench.cli.board import run_folders
    from s2st_bench.reports.paper import build

    written, notes = build(list(run_folders(runs)), out)
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        typer.echo(json.dumps({"version": 1, "files": list(map(str, written)), "notes": notes},
                              ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(map(str, written)))
