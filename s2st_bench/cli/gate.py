"""``s2st-bench gate``: a run against its baseline, as an exit code."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2st_bench.cli.common import AsJson, printable, run_here, table

if TYPE_CHECKING:
    from s2st_bench.gate.decide import Decision, Verdict
    from s2st_bench.gate.evidence import Evidence


def gate(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", show_default=False, callback=run_here,
                             help="A scored run folder.")
    ],
    baseline: Annotated[
        Path,
        typer.Option("--baseline", metavar="RUN|FILE", show_default=False, callback=run_here,
                     help="Another run folder, or a file that --update wrote."),
    ],
    rules: Annotated[
        str,
        typer.Option("--rules", metavar="NAME|FILE",
                     help="Margins and limits: a name in configs/gate, or a .yaml file."),
    ] = "default",
    metrics: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", show_default=False, help="Only these of the rules."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Make RUN the baseline: write FILE, say what changes.")
    ] = False,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", show_default=False, help="Write JUnit XML.")
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="Write Markdown; - prints it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Is RUN worse than its baseline?

    Exit code 0: no; 1: yes, beyond doubt and margin, or recordings are missing or a limit is
    exceeded; 2: the two cannot be compared; 3: the data does not tell.
    """
    from s2st_bench.errors import ConfigError, UsageError
    from s2st_bench.gate import evidence
    from s2st_bench.gate.decide import decide
    from s2st_bench.gate.rules import load

    known = load(rules)
    if metrics is not None:
        names = [name for part in metrics.split(",") if (name := part.strip())]
        if not names:
            raise UsageError("--metrics names none")
        try:
            known = known.only(names)
        except ConfigError as error:
            raise UsageError(f"--metrics {error}") from None
    ours = evidence.of_run(run)
    if update:
        _update(ours, baseline, as_json)
        return
    decision = decide(ours, evidence.read(baseline), known)
    if as_json:
        row = {"version": 1, "outcome": decision.outcome, **asdict(decision)}
        typer.echo(json.dumps(row, ensure_ascii=False, allow_nan=False, indent=1))
    elif str(markdown) != "-":
        typer.echo(as_text(decision))
    _write(decision, junit, markdown)  # after the verdict: a disk that is full must not hide it
    if decision.exit_code:
        raise typer.Exit(decision.exit_code)


def as_text(decision: Decision) -> str:
    """A table of verdicts, why each that is no pass is none, and the outcome."""
    head = ["metric", "verdict", "run", "baseline", "difference", "95 % interval", "margin", "unit"]
    rows = [_row(verdict) for verdict in decision.verdicts]
    parts = [f"run      {printable(decision.run)}\nbaseline {printable(decision.baseline)}",
             table([head, *rows], right=(2, 3, 4, 6)),
             "\n".join([*(f"{printable(v.name)}: {printable(v.reason)}" for v in decision.verdicts
                          if v.outcome != "pass"), *map(printable, decision.notes)]),
             decision.outcome]
    return "\n\n".join(part for part in parts if part)


def _row(verdict: Verdict) -> list[str]:
    from s2st_bench.reports.gate.text import interval, number

    unit = verdict.unit
    return [printable(verdict.name), verdict.outcome, number(verdict.value, unit),
            number(verdict.baseline, unit), number(verdict.difference, unit, sign=True),
            interval(verdict), number(verdict.margin, unit), printable(unit)]


def _write(decision: Decision, junit: Path | None, markdown: Path | None) -> None:
    from s2st_bench.reports import gate as reports
    from s2st_bench.store import write_atomically

    if junit is not None:
        write_atomically(junit, reports.as_junit(decision))
    if markdown is not None:
        text = reports.as_markdown(decision)
        if str(markdown) == "-":
            typer.echo(text, nl=False)
        else:
            write_atomically(markdown, text)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in reports.as_annotations(decision):
            typer.echo(line, err=True)


def _update(ours: Evidence, path: Path, as_json: bool) -> None:
    from s2st_bench.errors import UsageError
    from s2st_bench.gate import evidence

    if path.is_dir():
        raise UsageError(f"--baseline {path}: a run folder is not overwritten; name a .json file")
    if ours.status != "finished" or ours.failed:
        raise UsageError(f"{ours.source}: {len(ours.failed)} recordings failed, status "
                         f"{ours.status}; a baseline is a whole run")
    if ours.n_disturbed:
        typer.echo(f"note: other work shared the host while {ours.n_disturbed} recordings were "
                   "measured: with this baseline no aware metric can be compared", err=True)
    before = evidence.read(path) if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    evidence.store(ours, path)
    changes = _changes(before, ours)
    if as_json:
        row = {"version": 1, "baseline": str(path), "changes": changes.splitlines()}
        typer.echo(json.dumps(row, ensure_ascii=False, indent=1))
    else:
        typer.echo(f"{changes}\n{path}")


def _changes(before: Evidence | None, after: Evidence) -> str:
    """What a reader of the commit must know: metrics that move, and what no longer compares."""
    from s2st_bench.reports.gate.text import number

    if before is None:
        return f"a new baseline of {printable(after.system)}, {len(after.metrics)} metrics"
    lines = [f"{what}: {printable(str(getattr(before, what)))} -> "
             f"{printable(str(getattr(after, what)))}"
             for what in ("system", "corpus", "fingerprint", "clock", "host", "n_recordings")
             if getattr(before, what) != getattr(after, what)]
    rows = []
    for name in dict.fromkeys([*before.metrics, *after.metrics]):
        old, new = before.metrics.get(name), after.metrics.get(name)
        values = [None if one is None else one.value for one in (old, new)]
        unit = (new or old).unit if (new or old) is not None else ""  # type: ignore[union-attr]
        if values[0] != values[1]:
            rows.append([printable(name), number(values[0], unit), "->", number(values[1], unit),
                         unit])
    if rows:
        lines.append(table(rows, right=(1, 3)))
    return "\n".join(lines) or "nothing changes"
