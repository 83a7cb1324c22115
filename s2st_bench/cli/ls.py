"""``s2st-bench ls``: which plugins there are, and what they lack."""

from __future__ import annotations

import json
import textwrap
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s2st_bench.cli.common import AsJson, PluginDirs, printable, registry_of, table

if TYPE_CHECKING:
    from s2st_bench.registry import Plugin


_WIDTH = 100


class What(StrEnum):
    systems = "systems"
    metrics = "metrics"
    datasets = "datasets"
    recognisers = "recognisers"
    aligners = "aligners"
    identifiers = "identifiers"
    translators = "translators"
    synthesisers = "synthesisers"
    vads = "vads"
    trainers = "trainers"


def ls(
    ctx: typer.Context,
    what: Annotated[
        What | None,
        typer.Argument(metavar="[" + "|".join(What) + "]", help="One kind only.",
                       show_default=False),
    ] = None,
    as_json: AsJson = False,
    plugin_dir: PluginDirs = None,
) -> None:
    """List what is there, its state, and what is missing to run it."""
    registry = registry_of(ctx, plugin_dir)
    kinds = [what.value] if what else [kind.value for kind in What]
    rows = {kind: [describe(p) for p in registry.plugins() if p.kind == kind] for kind in kinds}
    if as_json:
        typer.echo(json.dumps({"version": 1, **rows}, ensure_ascii=False, indent=2))
        return
    for kind, plugins in rows.items():
        typer.echo(f"{kind} ({len(plugins)})")
        lines = table([[row["name"], _state(row), printable(_summary(row))] for row in plugins])
        for line, row in zip(lines.splitlines(), plugins, strict=True):
            typer.echo(f"  {line}")
            for step in _steps(row):
                typer.echo(textwrap.fill(printable(step), _WIDTH, initial_indent=" " * 6,
                                         subsequent_indent=" " * 8, break_on_hyphens=False,
                                         break_long_words=False))


def describe(plugin: Plugin) -> dict[str, Any]:
    """A plugin as a program reads it."""
    missing = plugin.missing()
    return {
        "name": plugin.name,
        "kind": plugin.kind,
        "summary": plugin.summary,
        "state": plugin.state,
        "reason": plugin.reason or None,
        "weights": plugin.weights or None,
        "key": plugin.key or None,
        "missing": list(missing),
        "install": plugin.pip_line,
        "source": plugin.source.label,
        "builtin": plugin.source.package == "s2st_bench",
        "options": [path.stem for path in plugin.config_files()],
    }


def state_in_words(row: dict[str, Any]) -> str:
    """What a user must do before it runs, or that it is ready."""
    if row["state"] == "card":
        return _short(row)
    return "; ".join(_steps(row)) or "ready"


def _steps(row: dict[str, Any]) -> list[str]:
    """What is to be done before it runs."""
    steps = [f"missing: {row['install']}"] if row["missing"] else []
    steps += [f"needs a key: {row['key']} in the environment"] if row["state"] == "key" else []
    steps += [f"needs weights: {row['weights']}"] if row["weights"] else []
    return steps


def _short(row: dict[str, Any]) -> str:
    words = {"missing": "missing", "key": "needs a key", "weights": "needs weights",
             "ready": "ready",
             "card": "published only" if row["kind"] == "systems" else "card only"}
    return words[row["state"]]


def _state(row: dict[str, Any]) -> str:
    state = _short(row)
    return state if row["builtin"] else f"{state} (from {row['source']})"


def _summary(row: dict[str, Any]) -> str:
    return f"{row['summary']}; {row['reason']}" if row["reason"] else str(row["summary"])
