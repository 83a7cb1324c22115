"""``s2st-bench train``: make a system's models from a corpus' training material."""

from __future__ import annotations

import json
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s2st_bench.cli.common import AsJson, PluginDirs, folders_of
from s2st_bench.cli.completion import complete_training

if TYPE_CHECKING:
    from s2st_bench.trainconfig import TrainConfig
    from s2st_bench.trainer import Progress, Trained


def train(
    ctx: typer.Context,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE", autocompletion=complete_training, show_default=False,
            help="model=NAME, and any option: data.hours=0.1 steps=50 seed=2 export=true",
        ),
    ] = None,
    multirun: Annotated[
        bool, typer.Option("--multirun", "-m", help="A sweep: seed=1,2,3 trains three times.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the composed configuration and stop.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    as_json: AsJson = False,
    plugin_dir: PluginDirs = None,
) -> None:
    """Train a model, or go on with an interrupted training; prints what it made last."""
    from s2st_bench import compose

    folders = folders_of(ctx, plugin_dir)
    task = partial(_print) if dry_run else partial(
        _train, folders=folders, quiet=quiet, as_json=as_json
    )
    try:
        if multirun:
            compose.multirun_train(task, overrides or [], plugin_dirs=folders)
        else:
            task(compose.compose_train(overrides or [], plugin_dirs=folders))
    except KeyboardInterrupt as stop:
        from s2st_bench.errors import Interrupted

        kept = f"{stop}; go on" if str(stop) else "go on"
        given = [*(f"--plugin-dir={folder}" for folder in folders), *(["-m"] * multirun),
                 *(overrides or [])]
        raise Interrupted(f"{kept} with: s2st-bench train {shlex.join(given)}") from None


def _print(config: TrainConfig) -> None:
    typer.echo(f"---\n{config.to_yaml()}", nl=False)


def _train(config: TrainConfig, *, folders: list[Path], quiet: bool, as_json: bool) -> None:
    from s2st_bench import trainrun
    from s2st_bench.cli.progress import ProgressLine, describe_report, describe_training

    with ProgressLine(describe_training, quiet=quiet) as line:

        def report(progress: Progress) -> None:
            line(progress)
            if progress.values and not quiet:
                line.say(describe_report(progress))

        trained = trainrun.train(config, plugin_dirs=folders, report=report)
    if as_json:
        typer.echo(json.dumps({"version": 1, **_paths(config, trained)}, ensure_ascii=False))
        return
    for model, path in trained.checkpoints.items():
        log = f"  (log {trained.logs[model]})" if model in trained.logs else ""
        typer.echo(f"{model}: {path}{log}")
    if trained.weights is not None:
        typer.echo(f"weights: {trained.weights}")
    typer.echo(config.folder)


def _paths(config: TrainConfig, trained: Trained) -> dict[str, Any]:
    return {
        "folder": str(config.folder),
        "checkpoints": {model: str(path) for model, path in trained.checkpoints.items()},
        "logs": {model: str(path) for model, path in trained.logs.items()},
        "weights": str(trained.weights) if trained.weights else None,
    }
