"""20 systems × 20,000 recordings: scoring, board and report as users run them.

Traces are synthetic (:mod:`benchmarks.synthetic`) and every recording is a cluster of its own.
``score`` is the usual metrics of one system; ``score, resampled`` a percentile of all units, whose
interval takes 1,000 resamples.  ``board`` and ``report`` read all systems.  ``cpu s`` is user and
system time, which other work on the machine hardly changes; ``--folder`` keeps the run folders, so
that a second call goes on with them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import report, synthetic
from benchmarks.measure import measure

SYSTEMS, RECORDINGS = 20, 20_000
SCORE_S, SCORE_MB = 90.0, 1500.0
BOARD_S, BOARD_MB = 600.0, 3000.0
RESAMPLED = "UnitLag@p95"


def main(argv: list[str] | None = None) -> int:
    """Print the table, save the JSON; 1 when a gate is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--folder", type=Path, help="where the run folders are made and kept")
    options = parser.parse_args(argv)
    systems, recordings = (3, 200) if options.quick else (SYSTEMS, RECORDINGS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        rows = _measure(options.folder or Path(folder), Path(folder), systems, recordings)
    print(report.table(rows))
    checked = [] if options.quick else gates(rows)
    if checked:
        print(f"\n{report.table(checked)}")
    print(report.save(options.out, "scale", rows, checked))
    return int(any(not each["met"] for each in checked))


def gates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conditions of a release, on processor time: both are single processes."""
    limits = {"score": (SCORE_S, SCORE_MB), "score, resampled": (SCORE_S, SCORE_MB),
              "board": (BOARD_S, BOARD_MB), "report": (BOARD_S, BOARD_MB)}
    found = []
    for row in rows:
        seconds, megabytes = limits[row["what"]]
        found.append(report.gate(f"{row['what']}: cpu s", row["cpu_s"], seconds, at_least=False))
        found.append(report.gate(f"{row['what']}: peak MB", row["peak_mb"], megabytes,
                                 at_least=False))
    return found


def _measure(runs: Path, scratch: Path, systems: int, recordings: int) -> list[dict[str, Any]]:
    corpus = synthetic.Corpus(recordings)
    folders = [runs / f"r{number:02d}" for number in range(systems)]
    for number, folder in enumerate(folders):
        if not (folder / "run.json").is_file():
            synthetic.write_run(folder, corpus, number, folders[0] if number else None)
    rows = []
    for number, folder in enumerate(folders):
        if number == 0:
            rows.append(_row("score", 1, recordings, "score", str(folder)))
            rows.append(_row("score, resampled", 1, recordings, "score", str(folder),
                             "--metrics", RESAMPLED))
        elif not (folder / "scores.json").is_file():
            measure(["-m", "s2st_bench", "score", str(folder)])
    board, paper = scratch / "board", scratch / "report"
    named = [str(folder) for folder in folders]
    rows.append(_row("board", systems, recordings, "board", *named, "--out", str(board)))
    rows.append(_row("report", systems, recordings, "report", *named, "--out", str(paper)))
    return rows


def _row(what: str, systems: int, recordings: int, *arguments: str) -> dict[str, Any]:
    done = measure(["-m", "s2st_bench", *arguments])
    return {"what": what, "systems": systems, "recordings": recordings, "cpu_s": done.cpu_s,
            "wall_s": done.wall_s, "peak_mb": done.peak_mb}


if __name__ == "__main__":
    raise SystemExit(main())
