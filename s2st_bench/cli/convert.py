"""``s2st-bench convert``: traces as another tool's log, and back."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from s2st_bench.cli.common import printable
from s2st_bench.cli.score import Format, Unit


class Target(StrEnum):
    trace = "trace"
    simuleval = "simuleval"


def convert(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A run folder, traces or a log.")],
    to: Annotated[Target, typer.Option("--to", help="The format wanted.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write; it must not be there.")
    ],
    log_format: Annotated[
        Format, typer.Option("--format", help="What PATH holds.")
    ] = Format.auto,
    unit: Annotated[Unit, typer.Option(help="What delays belong to.")] = Unit.word,
    source_lang: Annotated[str, typer.Option(help="Of a log that does not say.")] = "",
    target_lang: Annotated[str, typer.Option(help="Of a log that does not say.")] = "",
) -> None:
    """Write traces as another tool's log, or a log as traces; prints what it wrote."""
    from s2st_bench import trace as trace_file
    from s2st_bench.cli.score_paths import load
    from s2st_bench.errors import UsageError
    from s2st_bench.formats import simuleval
    from s2st_bench.store import write_atomically

    if out.exists():
        raise UsageError(f"--out {out}: is there already; name another file")
    if unit is Unit.spm:
        raise UsageError("--unit spm: a log's delays are written by word or char")
    material = load(path, log_format.value, references=None, segments=None,
                    source_lang=source_lang, target_lang=target_lang, requeue=False)
    for note in material.notes:
        typer.echo(f"note: {printable(note)}", err=True)
    if to is Target.trace:
        write_atomically(out, "".join(trace_file.encode(t) + "\n" for t in material.traces))
    else:
        simuleval.write(material.traces, material.recordings, out,
                        unit="char" if unit is Unit.char else "word")
    typer.echo(out)
