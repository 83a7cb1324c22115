"""``s2st-bench convert``: a run, traces or a tool's log as another tool's log."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from s2st_bench.cli.common import printable
from s2st_bench.cli.score import Detokenizer, Format, joining_of


class To(StrEnum):
    run = "run"
    trace = "trace"
    simuleval = "simuleval"
    simulstream = "simulstream"
    omnisteval = "omnisteval"
    resegmented = "resegmented"
    simulstreaming = "simulstreaming"
    sltev = "sltev"


class TextUnit(StrEnum):
    word = "word"
    char = "char"


def convert(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A run folder, traces or a log.",
                                         show_default=False)],
    to: Annotated[To, typer.Option("--to", help="What to write.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="New or empty folder. Default: PATH's name with the "
                     "format's, here.", show_default=False),
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
        TextUnit, typer.Option(help="Whose times a log of units holds.")
    ] = TextUnit.word,
    source_lang: Annotated[str, typer.Option(help="Of a log that does not say.")] = "",
    target_lang: Annotated[
        str, typer.Option(help="Of a log that does not say, or which of several.")
    ] = "",
    repeat: Annotated[
        int | None, typer.Option(help="Which repeat, of a run with several.")
    ] = None,
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

    folder = out or Path(f"{path.resolve().stem}.{to.value}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--out {folder}: is there already; name a new folder")
    material = load(path, log_format.value, references=references, segments=segments,
                    source_lang=source_lang, target_lang=target_lang,
                    joining=joining_of(detokenizer))
    for note in material.notes:
        typer.echo(f"note: {printable(note)}", err=True)
    if not material.traces:
        raise UsageError(f"{path}: holds no trace to convert")
    chosen = Settings(unit="char" if unit is TextUnit.char else "word", target_lang=target_lang,
                      repeat=repeat, corpus=path.resolve().stem)
    if material.resegmenter is not None:
        chosen = Settings(chosen.unit, target_lang, repeat, material.resegmenter,
                          corpus=chosen.corpus)
    for written in write(material.traces, material.recordings, to.value, folder, chosen):
        typer.echo(printable(str(written)))
