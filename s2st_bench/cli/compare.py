"""``s2st-bench compare``: two runs, or two systems at the same latency, with intervals and p."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s2st_bench.cli.common import (
    AsJson,
    PluginDirs,
    printable,
    registry_of,
    runs_here,
    signatures,
    table,
)

if TYPE_CHECKING:
    from s2st_bench.compare.runs import Comparison, Row
    from s2st_bench.registry import Registry


def compare(
    ctx: typer.Context,
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", show_default=False, callback=runs_here,
                       help="Two run folders; with --matched, those of one system."),
    ],
    versus: Annotated[
        list[Path] | None,
        typer.Option("--versus", metavar="RUN...", show_default=False, callback=runs_here,
                     help="What RUN is compared with; with --matched, the other system's runs."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", show_default=False,
                     help="Names as `ls metrics` has them. Default: as `score`."),
    ] = None,
    metric_option: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC.OPTION=VALUE", show_default=False,
                     help="Such as HumanVIP.sheet=PATH; may be given again."),
    ] = None,
    matched: Annotated[
        str | None,
        typer.Option(metavar="LATENCY,QUALITY", show_default=False,
                     help="Compare at equal latency, such as LAAL,BLEU: each system's runs are the "
                     "points of its curve."),
    ] = None,
    dev: Annotated[
        list[Path] | None,
        typer.Option("--dev", metavar="RUN...", show_default=False,
                     help="With --matched: the dev run of every run, A's and then B's. Each system "
                     "shows the point that has the best quality on dev within --at-most."),
    ] = None,
    at_most: Annotated[
        float | None,
        typer.Option(metavar="L", show_default=False,
                     help="Latency to keep on dev. Default: that of the system with one point."),
    ] = None,
    as_json: AsJson = False,
    plugin_dir: PluginDirs = None,
) -> None:
    """Compare two runs of the same corpus, A minus B, metric by metric; or two systems at equal
    latency.

    p is of approximate randomisation over clusters (all sign flips up to twelve of them),
    corrected by Holm for the number of metrics; beside it the paired bootstrap's, uncorrected.
    A QualityDurationAlarm stands below where one run is faster, but worse, and says less.

    --matched: where both systems have several runs, the difference in quality over all latencies
    that both reach, with a 95 % band at each and one for all of them; where one has a single run,
    whether it is better on both axes, or (--dev) each at its best within a latency.
    """
    from s2st_bench.errors import UsageError

    registry = registry_of(ctx, plugin_dir)
    if matched is not None:
        if metrics is not None:
            raise UsageError("--matched names its two metrics; leave --metrics out")
        if metric_option:
            raise UsageError("--metric-option is for two runs, without --matched")
        if not versus:
            raise UsageError("--matched: name the other system's runs with --versus")
        _at_matched(runs, versus, matched, dev or [], at_most, as_json, registry)
        return
    if dev or at_most is not None:
        raise UsageError("--dev and --at-most are for --matched LATENCY,QUALITY")
    paths = [*runs, *(versus or [])]
    if len(paths) != 2:
        raise UsageError(f"two runs are compared, not {len(paths)}; several runs of two systems "
                         "are with --matched LATENCY,QUALITY --versus RUN…")
    _two_runs(paths[0], paths[1], metrics, metric_option or [], as_json, registry)


def _two_runs(
    run_a: Path, run_b: Path, metrics: str | None, options: list[str], as_json: bool,
    registry: Registry,
) -> None:
    from s2st_bench.cli.metric_options import metric_options
    from s2st_bench.compare.runs import compare_runs
    from s2st_bench.errors import UsageError
    from s2st_bench.scoring import DEFAULT_METRICS, make_metrics

    names = None if metrics is None else [m for name in metrics.split(",") if (m := name.strip())]
    given = metric_options(options)
    if names == []:
        raise UsageError("--metrics names none")
    # a wrong name or option is said before anything is read
    make_metrics(DEFAULT_METRICS if names is None else names, registry, given,
                 where="--metric-option ")
    found = compare_runs(run_a, run_b, names, registry=registry, metric_options=given)
    _print(found.as_dict() if as_json else as_text(found))


def _at_matched(
    runs: list[Path], versus: list[Path], axes: str, dev: list[Path], at_most: float | None,
    as_json: bool, registry: Registry,
) -> None:
    from s2st_bench.cli import compare_matched
    from s2st_bench.compare.latency import compare_curves
    from s2st_bench.errors import UsageError
    from s2st_bench.scoring import make_metrics

    names = [name.strip() for name in axes.split(",")]
    if len(names) != 2 or not all(names):
        raise UsageError(f"--matched {axes}: a latency and a quality are wanted, such as LAAL,BLEU")
    make_metrics(names, registry)
    found = compare_curves(runs, versus, names[0], names[1], dev=dev, budget=at_most,
                           registry=registry)
    _print(found.as_dict() if as_json else compare_matched.as_text(found))


def _print(found: dict[str, Any] | str) -> None:
    typer.echo(found if isinstance(found, str)
               else json.dumps(found, ensure_ascii=False, allow_nan=False, indent=1))


def as_text(found: Comparison) -> str:
    """A table of differences, what limits them, what has no value, and the signatures."""
    head = ["metric", "A", "B", "A - B", "95 % interval", "unit", "p", "Holm", "bootstrap",
            "scored", "clusters"]
    numbers = (1, 2, 3, 4, 6, 7, 8, 9, 10)
    parts = [
        f"A {printable(found.system)}\nB {printable(found.baseline)}",
        table([head, *[_row(row) for row in found.rows]], right=numbers),
        "\n".join(map(str, found.alarms)),
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
