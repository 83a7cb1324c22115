"""Command line: parses, prints, exits.  No logic lives here, and no heavy import at module level.

One file a verb.  Exit codes: 0 done, 1 a negative verdict, 2 a usage or input error, 130
interrupted, 143 terminated.  An error on purpose (:class:`~s2st_bench.errors.BenchError`) is one
message on standard error; a warning about a plugin is one line.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from s2st_bench import __version__
from s2st_bench.cli import (
    board,
    certify,
    check,
    compare,
    convert,
    doctor,
    gate,
    ls,
    pack,
    prepare,
    report,
    run,
    score,
    serve,
    show,
    train,
    validity,
)
from s2st_bench.cli.common import PluginDirs
from s2st_bench.cli.several_values import SeveralValues
from s2st_bench.errors import BenchError, Interrupted, Terminated


class _Group(TyperGroup):
    """Turns errors on purpose into a message and an exit code."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        with warnings.catch_warnings(), _sigterm_raises():
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except BenchError as error:
                typer.echo(f"error: {error}", err=True)
                raise typer.Exit(2) from None
            except BrokenPipeError:
                # the reader (head, less) has seen enough; keep the interpreter from complaining
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise typer.Exit(0) from None
            except KeyboardInterrupt as stop:
                typer.echo(f"interrupted. {stop}".strip(), err=True)
                code = Interrupted.by(stop, "").exit_code
                raise typer.Exit(getattr(stop, "exit_code", code)) from None


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """A scheduler's SIGTERM ends a verb as Ctrl-C does: what is done is kept."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int,
    file: TextIO | None = None, line: str | None = None,
) -> None:
    typer.echo(f"warning: {message}", err=True)


app = typer.Typer(
    name="s2st-bench",
    cls=_Group,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Evaluate simultaneous speech translation: replay a corpus to a system in real time, "
    "record what was said and when, score it, rank it.",
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"s2st-bench {__version__}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    plugin_dir: PluginDirs = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    ctx.obj = list[Path](plugin_dir or [])


app.command()(run.run)
app.command()(train.train)
app.command()(score.score)
app.command(cls=SeveralValues)(compare.compare)
app.command()(gate.gate)
app.command()(convert.convert)
app.command()(check.check)
app.command()(prepare.prepare)
app.command()(certify.certify)
app.command()(board.board)
app.command()(report.report)
app.command()(pack.pack)
app.command()(validity.validity)
app.command()(ls.ls)
app.command()(show.show)
app.command()(serve.serve)
app.command()(doctor.doctor)
