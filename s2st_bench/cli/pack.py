"""``s2st-bench pack``: a run as one file to hand in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from s2st_bench.cli.common import run_here


def pack(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", show_default=False, callback=run_here,
                             help="A scored run folder.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", show_default=False,
                     help="The bundle (default: RUN.s2st.zip in this folder)."),
    ] = None,
) -> None:
    """Pack a run: record, traces, references, scores and speech, each with its SHA-256.

    Source audio stays here.  References are in the bundle: mind the corpus' licence.  Whoever
    gets it shows it with `s2st-bench board --add FILE`, which checks and rescores it first.
    """
    from s2st_bench.bundle import pack as packed

    name = f"{run.resolve().name}.s2st.zip"
    target = Path(name) if out is None else out / name if out.is_dir() else out
    typer.echo(packed(run, target))
