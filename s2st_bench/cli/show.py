"""``s2st-bench show``: the card of a plugin, the summary of a run, one recording's timeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2st_bench.cli.common import AsJson, PluginDirs, printable, registry_of, run_here, table
from s2st_bench.cli.ls import describe, state_in_words
from s2st_bench.errors import UnknownPluginError, UsageError

if TYPE_CHECKING:
    from s2st_bench.registry import Plugin, Registry


def show(
    ctx: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="NAME|RUN", help="A plugin's name, or a run folder.")
    ],
    recording: Annotated[
        str | None,
        typer.Option("--recording", metavar="ID", help="One recording of a run: who said what, "
                     "and when."),
    ] = None,
    as_json: AsJson = False,
    plugin_dir: PluginDirs = None,
) -> None:
    """Show a card, a run, or one recording's timeline."""
    path = run_here(Path(what)) or Path(what)
    if (path / "run.json").is_file():
        _show_run(path, recording, as_json)
        return
    if recording is not None:
        raise UsageError(f"{what}: not a run folder (it holds no run.json), so it has no "
                         f"recording {recording!r}")
    plugins = _find(what, registry_of(ctx, plugin_dir))
    if as_json:
        rows = [{**describe(p), "card": _card(p)} for p in plugins]
        typer.echo(json.dumps({"version": 1, "plugins": rows}, ensure_ascii=False, indent=2))
        return
    for plugin in plugins:
        _show_plugin(plugin)


def _find(name: str, registry: Registry) -> list[Plugin]:
    """Plugins of that name, or with a configuration of that name."""
    plugins = registry.plugins()
    found = [p for p in plugins if p.name == name] or [
        p for p in plugins if any(path.stem == name for path in p.config_files())
    ]
    if found:
        return found
    import difflib

    near = difflib.get_close_matches(name, [p.name for p in plugins], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UnknownPluginError(f"{name}: neither a run folder nor the name of a system, metric, "
                             f"corpus or trainer.{hint} See: s2st-bench ls")


def _card(plugin: Plugin) -> str | None:
    path = plugin.card_path
    return path.read_text("utf-8", errors="replace") if path else None


def _show_plugin(plugin: Plugin) -> None:
    state = printable(state_in_words(describe(plugin)))
    runs_it = [["run by", plugin.adapter]] if plugin.adapter else []
    rows = [["kind", plugin.kind.removesuffix("s")], ["summary", printable(plugin.summary)],
            ["state", f"{state}: {printable(plugin.reason)}" if plugin.reason else state],
            *([["class", plugin.target]] if plugin.target else runs_it),
            ["folder", str(plugin.folder)]]
    typer.echo(f"{plugin.name}\n{table(rows)}")
    group = {"systems": "system", "datasets": "dataset", "trainers": "model"}.get(plugin.kind)
    for path in plugin.config_files():
        typer.echo(f"\n{group}={path.stem}")
        for line in path.read_text("utf-8", errors="replace").splitlines():
            typer.echo(f"  {printable(line)}")
    if card := _card(plugin):
        typer.echo("\n" + "\n".join(printable(line) for line in card.splitlines()))


def _show_run(path: Path, recording: str | None, as_json: bool) -> None:
    from s2st_bench.cli import run_view
    from s2st_bench.store import RunFolder

    folder = RunFolder(path)
    if recording is not None:
        if as_json:
            raise UsageError("--json shows a whole run; a recording's trace is JSON already, in "
                             f"{path / 'traces.jsonl'}")
        typer.echo(run_view.recording(folder, recording))
    elif as_json:
        typer.echo(json.dumps(run_view.as_json(folder), ensure_ascii=False, indent=2))
    else:
        typer.echo(run_view.summary(folder))
