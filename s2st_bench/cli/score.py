"""``s2st-bench score``: numbers from what a run left on disk, without running it again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s2st_bench.cli.common import PluginDirs, printable, registry_of, table

if TYPE_CHECKING:
    from s2st_bench.scoring import Options
    from s2st_bench.table import ScoreTable
    from s2st_bench.types import Score


class Unit(StrEnum):
    word = "word"
    char = "char"


class Rule(StrEnum):
    live = "live"
    simuleval = "simuleval"
    fbk = "fbk"
    simulstream = "simulstream"


class Stages(StrEnum):
    sequential = "sequential"
    concurrent = "concurrent"


def score(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.",
                                                show_default=False)],
    metrics: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", show_default=False,
                     help="Metrics by name: BLEU,AL,AL_CA,AL_pen (default: the usual ones)."),
    ] = None,
    unit: Annotated[Unit, typer.Option(help="What delays are counted in.")] = Unit.word,
    ca: Annotated[
        Rule, typer.Option(help="Computation-aware time: as replayed, or by a peer's definition.")
    ] = Rule.live,
    speed: Annotated[
        float, typer.Option(help="Re-time as on a machine this many times as fast.")
    ] = 1.0,
    stages: Annotated[
        Stages | None,
        typer.Option(help="Re-time a pipeline's stages as run in this way.", show_default=False),
    ] = None,
    approximate: Annotated[
        bool, typer.Option("--approximate", help="Re-time adaptive traces too, inexactly; the "
                           "signature says so.")
    ] = False,
    json_to: Annotated[
        Path | None,
        typer.Option("--json", metavar="OUT", show_default=False,
                     help="Write JSON to this file; - is standard output."),
    ] = None,
    plugin_dir: PluginDirs = None,
) -> None:
    """Score traces.  Scores as replayed are also kept in the run folder (scores.json)."""
    from s2st_bench.errors import UsageError
    from s2st_bench.scoring import Options, make_metrics, score_run

    if json_to is not None and len(paths) > 1:
        raise UsageError("--json takes the scores of one run; give one RUN at a time")
    registry = registry_of(ctx, plugin_dir)
    names = None if metrics is None else [name.strip() for name in metrics.split(",")]
    chosen = make_metrics(registry=registry) if names is None else make_metrics(names, registry)
    options = Options(
        unit=unit.value, ca=ca.value, speed=speed, stages=stages.value if stages else None,
        approximate=approximate,
    )
    for path in paths:
        found = score_run(path, chosen, options, write=names is None and _is_default(options))
        if json_to is None:
            typer.echo(f"{path}\n{as_text(found)}")
        elif str(json_to) == "-":
            typer.echo(found.to_json())
        else:
            _write(json_to, found)


def _is_default(options: Options) -> bool:
    """Whether scores are what the run itself would have written."""
    return options.unit == "word" and not options.retimes


def _write(path: Path, found: ScoreTable) -> None:
    from s2st_bench.store import write_atomically

    write_atomically(path, found.to_json())


def as_text(found: ScoreTable) -> str:
    """The corpus' scores, then every recording that failed and why."""
    head = ["metric", "value", "unit", "95 % interval", "scored", ""]
    rows = [head, *(_row(score) for score in found.corpus)]
    parts = [table(rows, right=(1, 3, 4))]
    failed: list[Any] = [[row.id, row.error.kind, printable(row.error.message)]
                         for row in found.recordings if row.error]
    if failed:
        parts.append(f"{len(failed)} failed:\n{table(failed)}")
    return "\n\n".join(parts)


def _row(score: Score) -> list[str]:
    name = score.metric if score.group == "all" else f"{score.metric} ({score.group})"
    value = "–" if score.value is None else f"{score.value:.2f}"
    interval = "" if score.ci95 is None else f"{score.ci95[0]:.2f} … {score.ci95[1]:.2f}"
    return [name, value, score.unit, interval, f"{score.n_scored}/{score.n_total}", score.reason]
