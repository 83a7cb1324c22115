"""``s2st-bench score``: numbers for a run folder, a file of traces, or another tool's log."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s2st_bench.cli.common import PluginDirs, printable, registry_of, runs_here, signatures, table

if TYPE_CHECKING:
    from s2st_bench.curves import CurveScore
    from s2st_bench.formats.tokens import Joining
    from s2st_bench.registry import Registry
    from s2st_bench.scoring import Options
    from s2st_bench.table import ScoreTable
    from s2st_bench.types import Score


class Format(StrEnum):
    auto = "auto"
    trace = "trace"
    simuleval = "simuleval"
    simulstream = "simulstream"
    omnisteval = "omnisteval"
    resegmented = "resegmented"
    simulstreaming = "simulstreaming"
    sltev = "sltev"


class Detokenizer(StrEnum):
    auto = "auto"
    word = "word"
    char = "char"
    spm = "spm"
    bytes = "bytes"


class Unit(StrEnum):
    word = "word"
    char = "char"
    spm = "spm"


class Compat(StrEnum):
    simuleval = "simuleval"
    omnisteval = "omnisteval"
    simulstream = "simulstream"


class Ca(StrEnum):
    live = "live"
    simuleval = "simuleval"
    fbk = "fbk"
    simulstream = "simulstream"


class Stages(StrEnum):
    sequential = "sequential"
    concurrent = "concurrent"


_SHOWN = 20
"""Failed recordings listed; the JSON has all."""


class Resegmenter(StrEnum):
    soft = "soft"
    soft_moses = "soft-moses"
    timed = "timed"
    min_wer = "min-wer"
    mweralign = "mweralign"


def score(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Run folders, traces or logs.", show_default=False,
                       callback=runs_here),
    ],
    log_format: Annotated[
        Format, typer.Option("--format", help="What PATH holds.")
    ] = Format.auto,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", show_default=False,
                     help="Names as `ls metrics` has them; AL_CA is computation-aware, in AL_pen "
                     "silence costs. Default: quality, latency, both."),
    ] = None,
    metric_option: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC.OPTION=VALUE", show_default=False,
                     help="Such as COMET.checkpoint=PATH; may be given again."),
    ] = None,
    references: Annotated[
        Path | None, typer.Option(metavar="FILE", help="References, one a line.")
    ] = None,
    segments: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Yaml or json of {wav, offset, duration} for long "
                     "recordings, in the order of --references."),
    ] = None,
    unit: Annotated[Unit, typer.Option(help="What latency counts.")] = Unit.word,
    spm_model: Annotated[
        Path | None, typer.Option(metavar="FILE", help="SentencePiece model for --unit spm.")
    ] = None,
    resegmenter: Annotated[
        Resegmenter, typer.Option(help="How long hypotheses are cut into segments.")
    ] = Resegmenter.soft,
    recording_end: Annotated[
        str, typer.Option(metavar="audio|segments", help="Where a long recording ends: with its "
                          "audio, or with its last segment.")
    ] = "audio",
    source_lang: Annotated[str, typer.Option(help="Of a log that does not say.")] = "",
    target_lang: Annotated[str, typer.Option(help="Of a log that does not say.")] = "",
    detokenizer: Annotated[
        Detokenizer, typer.Option(help="How the tokens of a simulstream log join.")
    ] = Detokenizer.auto,
    compat: Annotated[
        Compat | None,
        typer.Option(help="Units, lengths and rules of this tool where it differs.",
                     show_default=False),
    ] = None,
    ca: Annotated[
        Ca | None,
        typer.Option(help="Computation-aware time by this definition; default: as logged."),
    ] = None,
    speed: Annotated[
        float, typer.Option(help="On a machine this many times as fast.")
    ] = 1.0,
    stages: Annotated[Stages | None, typer.Option(help="Re-time a pipeline's stages.")] = None,
    approximate: Annotated[
        bool, typer.Option("--approximate", help="Re-time also what is not exact.")
    ] = False,
    curve: Annotated[
        str | None,
        typer.Option(metavar="LATENCY,QUALITY", show_default=False,
                     help="Take the PATHs as points of one system's curve, such as LAAL,BLEU: its "
                     "area (AUC), hypervolume, NoSE."),
    ] = None,
    bounds: Annotated[
        str | None,
        typer.Option(metavar="LOW,HIGH", show_default=False,
                     help="Latencies of AUC and NoSE; default: all that the points cover."),
    ] = None,
    worst: Annotated[
        str | None,
        typer.Option(metavar="LATENCY,QUALITY", show_default=False,
                     help="Reference point of the hypervolume."),
    ] = None,
    offline: Annotated[
        float | None,
        typer.Option(metavar="QUALITY", show_default=False,
                     help="Of the same model offline, for NoSE."),
    ] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write JSON; - prints it.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep the numbers in the run's scores.json, beside those of "
                     "other metrics: for boards, reports, the gate."),
    ] = False,
    plugin_dir: PluginDirs = None,
) -> None:
    """Score traces or another tool's logs, with intervals, counts and signatures.

    A run is scored by its own metrics where none are named, and these are kept in it (scores.json).
    """
    from s2st_bench.cli.metric_options import metric_options
    from s2st_bench.cli.score_curve import request
    from s2st_bench.cli.score_paths import load
    from s2st_bench.errors import UsageError
    from s2st_bench.remote import put_back
    from s2st_bench.resegmenters import resegmenter as named
    from s2st_bench.scored import write_scores
    from s2st_bench.scoring import DEFAULT_METRICS, Options, make_metrics
    from s2st_bench.table import kept_beside

    if recording_end not in ("audio", "segments"):
        raise UsageError(f"--recording-end {recording_end}: audio or segments")
    if (unit is Unit.spm) < (spm_model is not None):
        raise UsageError("--spm-model is for --unit spm")
    options = Options(
        unit=unit.value,
        ca=None if ca is None else ca.value,
        speed=speed,
        stages=None if stages is None else stages.value,
        approximate=approximate,
        resegmenter=named(resegmenter.value),
        recording_end="segments" if recording_end == "segments" else "audio",
        tokenizer=None if spm_model is None else _sentencepiece(spm_model),
        tokenizer_name="" if spm_model is None else spm_model.name,
        target_lang=target_lang,
        compat=None if compat is None else compat.value,
    )
    names = None if metrics is None else [m for name in metrics.split(",") if (m := name.strip())]
    if names == []:
        raise UsageError("--metrics names none")
    areas = request(curve, bounds, worst, offline)
    registry = registry_of(ctx, plugin_dir)
    given = metric_options(metric_option or [])
    # a wrong name or option is said before anything is read
    make_metrics(DEFAULT_METRICS if names is None else names, registry, given,
                 where="--metric-option ")
    scored = []
    for path in paths:
        material = load(path, log_format.value, references=references, segments=segments,
                        source_lang=source_lang, target_lang=target_lang, requeue=ca is Ca.live,
                        joining=joining_of(detokenizer))
        for note in material.notes:
            typer.echo(f"note: {printable(note)}", err=True)
        own = material.metrics if names is None else names
        theirs = material.metric_options if names is None else {}
        found = _score(material, own, options, registry, given or theirs)
        as_replayed = unit is Unit.word and not options.retimes and compat is None
        if keep and not (material.is_run and as_replayed):
            raise UsageError(f"--keep: {path}: only what a run folder scores as replayed is kept")
        if material.is_run and as_replayed and (keep or (names is None and not given)):
            put_back(path, *write_scores(
                path, kept_beside(path, found) if keep else found.as_dict()))
        scored.append((path, found))
    _report(scored, json_to, None if areas is None else areas.of([t for _, t in scored]))


def joining_of(detokenizer: Detokenizer) -> Joining | None:
    """What the reader is told: nothing where it is to find out."""
    from s2st_bench.formats.tokens import JOININGS

    return next((joining for joining in JOININGS if joining == detokenizer.value), None)


def _score(
    material: Any, names: list[str] | None, options: Options, registry: Registry,
    given: dict[str, dict[str, Any]],
) -> ScoreTable:
    from dataclasses import replace

    from s2st_bench import scoring

    settings = replace(
        options,
        fingerprint=material.fingerprint,
        target_lang=options.target_lang or material.target_lang,
        logged_ca=material.ca,
        ca=None if material.requeued else options.ca,
        resegmenter=material.resegmenter or options.resegmenter,
        folder=material.folder,
    )
    return scoring.score(material.traces, material.recordings, names, settings,
                         registry=registry, metric_options=given)


def _sentencepiece(path: Path) -> Any:
    from s2st_bench.errors import DependencyError, InputError

    try:
        import sentencepiece
    except ImportError:
        raise DependencyError("sentencepiece", "--unit spm", "spm") from None
    try:
        model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path}: no SentencePiece model ({error})") from None
    return lambda text: model.encode(text, out_type=str)


def _report(
    scored: list[tuple[Path, ScoreTable]], json_to: Path | None, areas: list[CurveScore] | None
) -> None:
    if json_to is not None:
        rows = [found.as_dict() for _, found in scored]
        content: Any = rows[0] if len(rows) == 1 else {
            "version": rows[0]["version"],
            "logs": [{"path": str(path), **row}
                     for (path, _), row in zip(scored, rows, strict=True)],
        }
        if areas is not None:
            from s2st_bench.cli.score_curve import rows_of

            content["curve"] = rows_of(areas)
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
        if str(json_to) == "-":
            typer.echo(text, nl=False)
            return
        from s2st_bench.store import write_atomically

        write_atomically(json_to, text)
    for number, (path, found) in enumerate(scored):
        typer.echo(("\n" if number else "") + printable(str(path)))
        typer.echo(as_text(found))
    if areas is not None:
        from s2st_bench.cli.score_curve import as_lines

        typer.echo("\n" + as_lines(areas))


def as_text(found: ScoreTable) -> str:
    """A table of scores, what failed, what has no value and why, and the signatures."""
    with_value = [s for s in found.corpus if s.value is not None]
    grouped = any(s.group != "all" for s in found.corpus)
    head = ["metric", *(["group"] if grouped else []), "value", "±", "unit", "scored",
            "clusters", "coverage"]
    rows = [_row(s, grouped) for s in with_value]
    shift = int(grouped)
    parts = [table([head, *rows], right=(1 + shift, 2 + shift, 4 + shift, 5 + shift, 6 + shift))]
    if missing := _missing(found):
        parts.append("no value\n" + table([["", reason, names] for reason, names in missing]))
    if beside := [["", s.metric, printable("; ".join([*s.marks, *_unranked(s)]))]
                  for s in with_value if s.group == "all" and (s.marks or s.unranked)]:
        parts.append("to be said beside\n" + table(beside))
    if partly := _partly(found):
        parts.append("no value for some recordings\n" + table(partly))
    failed = [["", printable(r.id), r.error.kind, printable(r.error.message)]
              for r in found.failures() if r.error is not None]
    if failed:
        shown = failed[:_SHOWN] + ([["", f"and {len(failed) - _SHOWN} more", "", ""]]
                                   if len(failed) > _SHOWN else [])
        parts.append(f"failed ({len(failed)})\n" + table(shown))
    if found.optimistic:
        parts.append("aware times assume overlap that was never measured: not to be ranked "
                     "beside measured ones")
    parts.append(signatures([(s.metric, s.signature) for s in with_value if s.group == "all"]))
    return "\n\n".join(part for part in parts if part)



def _row(score: Score, grouped: bool) -> list[str]:
    digits = 3 if score.unit == "" else 1 if score.unit == "ms" else 2
    value = "–" if score.value is None else f"{score.value:.{digits}f}"
    interval = ""
    if score.ci95 is not None:
        interval = f"{(score.ci95[1] - score.ci95[0]) / 2:.{digits}f}"
    coverage = "" if score.coverage is None else f"{score.coverage:.3f}"
    return [score.metric, *([printable(score.group)] if grouped else []), value, interval,
            score.unit, f"{score.n_scored}/{score.n_total}", str(score.n_clusters), coverage]


def _partly(found: ScoreTable) -> list[list[str]]:
    """Why metrics that have a value have none for some recordings, which did not fail."""
    valued = {score.metric for score in found.corpus if score.value is not None}
    by_reason: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for row in found.recordings:
        for metric, reason in row.reasons.items():
            if metric in valued and row.error is None:
                metrics, ids = by_reason.setdefault(reason, ({}, {}))
                metrics[metric] = ids[row.id] = None
    rows = []
    for reason, (metrics, ids) in by_reason.items():
        some = ", ".join(list(ids)[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
        rows.append(["", printable(some), printable(reason), ", ".join(metrics)])
    return rows[:_SHOWN]


def _unranked(score: Score) -> list[str]:
    return [f"never ranked by: {score.unranked}"] if score.unranked else []


def _missing(found: ScoreTable) -> list[tuple[str, str]]:
    by_reason: dict[str, list[str]] = {}
    for score in found.corpus:
        if score.value is None and score.group == "all":
            by_reason.setdefault(printable(score.reason), []).append(score.metric)
    return [(reason, ", ".join(names)) for reason, names in by_reason.items()]
