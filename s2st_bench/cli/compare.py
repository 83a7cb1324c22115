"""``s2st-bench compare``: the difference of two runs, with intervals and p values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2st_bench.cli.common import (
    AsJson,
    PluginDirs,
    printable,
    registry_of,
    signatures,
    table,
)

if TYPE_CHECKING:
    from s2st_bench.compare.runs import Comparison, Row


def compare(
    ctx: typer.Context,
    run_a: Annotated[
        Path, typer.Argument(metavar="RUN_A", help="A run folder.", show_default=False)
    ],
    run_b: Annotated[
        Path, typer.Argument(metavar="RUN_B", help="The one it is compared with.",
                             show_default=False)
    ],
    metrics: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", show_default=False,
                     help="Names as `ls metrics` has them. Default: as `score`."),
    ] = None,
    as_json: AsJson = False,
    plugin_dir: PluginDirs = None,
) -> None:
    """Compare two runs of the same corpus: RUN_A minus RUN_B, metric by metric.

    p is of approximate randomisation over clusters (all sign flips up to twelve of them),
    corrected by Holm for the number of metrics; beside it the paired bootstrap's, uncorrected.
    """
    from s2st_bench.compare.runs import compare_runs
    from s2st_bench.errors import UsageError
    from s2st_bench.scoring import make_metrics

    names = None if metrics is None else [m for name in metrics.split(",") if (m := name.strip())]
    registry = registry_of(ctx, plugin_dir)
    if names is not None:
        if not names:
            raise UsageError("--metrics names none")
        make_metrics(names, registry)  # a wrong name is said before anything is read
    found = compare_runs(run_a, run_b, names, registry=registry)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False, allow_nan=False, indent=1))
    else:
        typer.echo(as_text(found))


def as_text(found: Comparison) -> str:
    """A table of differences, what limits them, what has no value, and the signatures."""
    head = ["metric", "A", "B", "A - B", "95 % interval", "unit", "p", "Holm", "bootstrap",
            "scored", "clusters"]
    numbers = (1, 2, 3, 4, 6, 7, 8, 9, 10)
    parts = [
        f"A {printable(found.system)}\nB {printable(found.baseline)}",
        table([head, *[_row(row) for row in found.rows]], right=numbers),
        "\n".join(_notes(found)),
        signatures([(row.found.metric, row.signature) for row in found.rows]),
    ]
    return "\n\n".join(part for part in parts if part)


def _row(row: Row) -> list[str]:
    one = row.found
    digits = 3 if one.unit == "" else 1 if one.unit == "ms" else 2
    interval = "–"
    if one.interval is not None:
        interval = f"{one.interval.low:+.{digits}f} … {one.interval.high:+.{digits}f}"
    scored = {str(n): None for n in one.n_scored}
    return [one.metric, f"{one.system:.{digits}f}", f"{one.baseline:.{digits}f}",
            f"{one.difference:+.{digits}f}", interval, one.unit, _p(one.p_value), _p(row.p_holm),
            _p(one.bootstrap_p), " / ".join(scored), str(one.n_clusters)]


def _notes(found: Comparison) -> list[str]:
    """What a reader must know before believing a p."""
    from s2st_bench.compare.paired import ALPHA

    notes: dict[str, list[str]] = {}
    n_tests = sum(row.found.p_value is not None for row in found.rows)
    for row in found.rows:
        one = row.found
        if one.smallest_p is not None and one.smallest_p * n_tests >= ALPHA:
            notes.setdefault(f"{one.n_clusters} clusters: no p can be below {one.smallest_p:g}, "
                             f"none after Holm over {n_tests} metrics below "
                             f"{min(1.0, one.smallest_p * n_tests):g}", []).append(one.metric)
        if one.p_value is None:
            notes.setdefault("one cluster: no test", []).append(one.metric)
        if one.interval is not None and "conditional" in one.interval.method:
            notes.setdefault("interval conditional on this talk, not over talks",
                             []).append(one.metric)
        if one.n_scored[0] != one.n_scored[1]:
            notes.setdefault("A and B were scored on different items (silence has no latency; "
                             "the _pen variants count it)", []).append(one.metric)
    for name, reason in found.missing:
        notes.setdefault(printable(reason), []).append(name)
    return [f"{note}: {', '.join(names)}" for note, names in notes.items()]


def _p(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
