"""``s2st-bench check``: validate a corpus on disk before anyone trusts a number from it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from s2st_bench.cli.common import AsJson, PluginDirs, folders_of, printable
from s2st_bench.cli.corpora import DatasetName, DatasetOptions, corpus_of

if TYPE_CHECKING:
    from s2st_bench.corpora.finding import Finding
    from s2st_bench.corpus import Corpus

_SHOWN = 20
"""Findings of one kind that are printed one by one, unless all are asked for."""


def check(
    ctx: typer.Context,
    dataset: DatasetName,
    overrides: DatasetOptions = None,
    every: Annotated[
        bool, typer.Option("--all", help=f"Print more than {_SHOWN} findings of a kind.")
    ] = False,
    as_json: AsJson = False,
    plugin_dir: PluginDirs = None,
) -> None:
    """Check a corpus on disk; exit 1 if something makes numbers wrong, 0 if not."""
    corpus = corpus_of("check", dataset, overrides or [], folders_of(ctx, plugin_dir))
    if as_json:
        findings = list(corpus.check())
        errors = sum(found.is_error for found in findings)
        typer.echo(json.dumps({
            "version": 1, "dataset": dataset, "errors": errors,
            "notes": len(findings) - errors,
            "findings": [found.to_dict() for found in findings],
        }, ensure_ascii=False, indent=2))
    else:
        errors = _print(corpus, dataset, every=every)
    if errors:
        raise typer.Exit(1)


def _print(corpus: Corpus, dataset: str, *, every: bool) -> int:
    """Print findings as they are found; returns how many make numbers wrong."""
    kinds: Counter[tuple[str, str]] = Counter()
    for found in corpus.check():
        kinds[found.severity, found.kind] += 1
        if every or kinds[found.severity, found.kind] <= _SHOWN:
            typer.echo(_line(found))
    for (severity, kind), count in kinds.items():
        if not every and count > _SHOWN:
            typer.echo(f"{severity}: {kind}: {count - _SHOWN} more (--all prints them)")
    errors = sum(count for (severity, _), count in kinds.items() if severity == "error")
    notes = kinds.total() - errors
    typer.echo(f"{dataset}: {_count(errors, 'error')} that {'makes' if errors == 1 else 'make'} "
               f"numbers wrong, {_count(notes, 'note')}" if kinds else f"{dataset}: clean")
    return errors


def _line(found: Finding) -> str:
    where = "" if found.place is None else f"{found.place}: "
    return printable(f"{where}{found.severity}: {found.problem} [{found.kind}]; {found.remedy}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
