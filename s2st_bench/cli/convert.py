"""``s2st-bench convert``: a run, traces or a tool's log as another tool's log."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from s2st_bench.cli.common import printable, run_here
from s2st_bench.cli.score import Detokenizer, Format, Resegmenter, Unit, joining_of


class To(StrEnum):
    run = "run"
    trace = "trace"
    simuleval = "simuleval"
    simulstream = "simulstream"
    omnisteval = "omnisteval"
    resegmented = "resegmented"
    simulstreaming = "simulstreaming"
    sltev = "sltev"


_FILE_SUFFIXES = frozenset({".jsonl", ".json", ".log"})


def convert(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A run folder, traces or a log.",
                                         show_default=False, callback=run_here)],
    to: Annotated[To, typer.Option("--to", help="What to write.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR|FILE", help="A folder that is new or empty; or a .jsonl, .json "
                     "or .log file for the log alone. Default: a folder here, named by PATH and "
                     "the format.", show_default=False),
    ] = None,
    log_format: Annotated[
        Format, typer.Option("--format", help="What PATH holds.")
    ] = Format.auto,
    references: Annotated[
        Path | None, typer.Option(metavar="FILE", help="References, one a line.")
    ] = None,
    segments: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Yaml or json of {wav, offset, duration} for long "
                     "recordings, in the order of --references."),
    ] = None,
    unit: Annotated[
        Unit, typer.Option(help="Whose times a log of units holds: word or char.")
    ] = Unit.word,
    resegmenter: Annotated[
        Resegmenter, typer.Option(help="How long hypotheses are cut into segments.")
    ] = Resegmenter.soft,
    source_lang: Annotated[str, typer.Option(help="Of a log that does not say.")] = "",
    target_lang: Annotated[
        str, typer.Option(help="Of a log that does not say, or which of several.")
    ] = "",
    repeat: Annotated[
        int | None, typer.Option(help="Which repeat, of a run with several.")
    ] = None,
    speech: Annotated[
        bool, typer.Option("--speech", help="Speech rather than text, of traces with both "
                           "(simuleval).")
    ] = False,
    detokenizer: Annotated[
        Detokenizer, typer.Option(help="How the tokens of a simulstream log join.")
    ] = Detokenizer.auto,
) -> None:
    """Write a run, traces or a log as another tool's log, with what that tool needs to score it.

    Prints the files written.
    """
    from s2st_bench.cli.score_paths import load
    from s2st_bench.errors import UsageError
    from s2st_bench.formats.convert import Settings
    from s2st_bench.formats.convert import convert as write
    from s2st_bench.resegmenters import resegmenter as named

    if unit is Unit.spm:
        raise UsageError("--unit spm: a log's delays are written by word or char")
    target = out or Path(f"{path.resolve().stem}.{to.value}")
    alone = target.suffix in _FILE_SUFFIXES
    if target.exists() and (alone or not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"--out {target}: is there already; name another")
    material = load(path, log_format.value, references=references, segments=segments,
                    source_lang=source_lang, target_lang=target_lang,
                    joining=joining_of(detokenizer))
    for note in material.notes:
        typer.echo(f"note: {printable(note)}", err=True)
    if not material.traces:
        raise UsageError(f"{path}: holds no trace to convert")
    chosen = Settings(
        unit="char" if unit is Unit.char else "word",
        target_lang=target_lang,
        repeat=repeat,
        resegmenter=material.resegmenter or named(resegmenter.value),
        corpus=path.resolve().stem,
        speech=speech,
        audio=path if path.is_dir() else path.parent,
        file=target.name if alone else "",
    )
    folder = target.parent if alone else target
    for written in write(material.traces, material.recordings, to.value, folder, chosen):
        typer.echo(printable(str(written)))
