"""How far the ``simulated`` clock is from ``realtime``, and how punctual ``realtime`` is.

Interpreters with a known computation say the same words under both clocks; for each word, the
difference between its live times is set against 50 ms or 5 % of its lag behind the source,
whichever is more.  Release jitter is how late a chunk was handed over whose worker was idle when
it existed.  Runs as long as the speech, once per agent.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import material, report
from benchmarks.drivers import PLUGINS
from benchmarks.measure import measure
from s2st_bench.store import RunFolder
from s2st_bench.timeline import emissions
from s2st_bench.types import Trace

Floats = npt.NDArray[np.float64]

AGENTS = {
    "RTF 0.2": ["system.lag_s=1", "system.compute=0.2"],
    "RTF 0.8": ["system.lag_s=1", "system.compute=0.8"],
    "RTF 1.3": ["system.lag_s=1", "system.compute=1.3"],
    "bursty": ["system.lag_s=1", "system.compute=0.2", "system.burst_every_s=8",
               "system.burst_compute_s=1"],
    "all available": ["system.lag_s=1", "system.compute=0.5", "system.all_available=true"],
}
IDLE_S = 0.005
"""A worker that became free this long before a chunk existed was waiting for it."""


def traces(clips: Path, agent: list[str], clock: str, out: Path) -> list[Trace]:
    """The traces of one run."""
    done = measure(
        ["-m", "s2st_bench", "run", "--quiet", "--plugin-dir", str(PLUGINS), "system=interpreter",
         *agent, "dataset=clips", f"dataset.folder={clips}", f"clock={clock}", "score=false",
         f"out={out}"]
    )
    found = list(RunFolder(done.stdout.strip().splitlines()[-1]).traces())
    if failed := [trace for trace in found if trace.error is not None]:
        raise RuntimeError(f"{failed[0].recording_id}: {failed[0].error}")
    return found


def differences(simulated: list[Trace], real: list[Trace]) -> tuple[Floats, Floats]:
    """Seconds between the two live times of each word, and what is allowed for it."""
    apart, allowed = [], []
    for one, other in zip(simulated, real, strict=True):
        for a, b in zip(emissions(one), emissions(other), strict=True):
            if a.elapsed is None or b.elapsed is None:
                raise RuntimeError("a clock that measures gave no live time")
            apart.append(abs(a.elapsed - b.elapsed))
            allowed.append(max(0.05, 0.05 * (b.elapsed - b.delay)))
    return np.array(apart), np.array(allowed)


def jitter(real: list[Trace]) -> list[float]:
    """Seconds each awaited chunk was late."""
    late = []
    for trace in real:
        free_s = 0.0
        for step in trace.steps:
            if not step.jobs:
                continue
            if step.arrived_s - free_s >= IDLE_S:
                late.append(step.jobs[0].start_s - step.arrived_s)
            free_s = step.jobs[-1].end_s
    return late


def main(argv: list[str] | None = None) -> int:
    """Print the table, save the JSON; 1 when a gate is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fidelity", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args(argv)
    rows: list[dict[str, Any]] = []
    checked: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        count, length_s = (1, 4.0) if options.quick else (2, 20.0)
        material.clips(folder / "clips", count, length_s)
        for agent, overrides in AGENTS.items():
            simulated, real = (
                traces(folder / "clips", overrides, clock, folder / "runs")
                for clock in ("simulated", "realtime")
            )
            apart, allowed = differences(simulated, real)
            late = jitter(real)
            rows.append({
                "agent": agent, "words": len(apart), "median_ms": 1000 * float(np.median(apart)),
                "p95_ms": 1000 * float(np.quantile(apart, 0.95)),
                "p95_of_allowed": float(np.quantile(apart / allowed, 0.95)),
                "chunks": len(late),
                "jitter_p99_ms": 1000 * float(np.quantile(late, 0.99)) if late else None,
            })
    if not options.quick:
        for row in rows:
            checked.append(report.gate(f"{row['agent']}: p95 of difference over allowed",
                                       row["p95_of_allowed"], 1, at_least=False))
            if row["jitter_p99_ms"] is not None:
                checked.append(report.gate(f"{row['agent']}: release jitter p99, ms",
                                           row["jitter_p99_ms"], 5, at_least=False))
    print(report.table(rows))
    if checked:
        print(f"\n{report.table(checked)}")
    print(report.save(options.out, "fidelity", rows, checked))
    return int(any(not each["met"] for each in checked))


if __name__ == "__main__":
    raise SystemExit(main())
