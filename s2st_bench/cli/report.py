"""``s2st-bench report``: runs as tables, plots and text for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from s2st_bench.cli.common import AsJson, runs_here


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", show_default=False, callback=runs_here,
                       help="Run folders, or folders that hold some."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the files are written.")
    ] = Path("report"),
    target_s: Annotated[
        float, typer.Option("--target-s", metavar="S", min=0.0,
                            help="The lag within which 95 % of words should be.")
    ] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Write LaTeX tables, CSV, Markdown, plots (PDF, SVG), a methods paragraph and BibTeX.

    Prints a summary of each run and the files; runs are compared as on the board.  Where runs
    are reruns of one system, reruns.md says how much it differs from itself.
    """
    import json
    from dataclasses import asdict

    from s2st_bench.cli.board import run_folders
    from s2st_bench.reports.paper import build
    from s2st_bench.reports.summary import as_text

    report = build(list(run_folders(runs)), out, target_s)
    for note in report.notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        row = {"version": 1, "files": list(map(str, report.files)), "notes": report.notes,
               "summaries": [asdict(summary) for summary in report.summaries]}
        typer.echo(json.dumps(row, ensure_ascii=False, allow_nan=False, indent=1))
        return
    typer.echo("\n\n".join(map(as_text, report.summaries)) + "\n")
    typer.echo("\n".join(map(str, report.files)))
