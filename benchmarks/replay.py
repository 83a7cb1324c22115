"""Speed and memory of replaying a null agent, beside SimulEval with the same agent and chunks.

Material: 100 clips and 1,000 clips of about six seconds, and one recording of two and a half
hours; 16 kHz wav, 320 ms chunks.  Ours runs as users run it (``python -m s2st_bench run``):
isolated in a worker, decoding included; once more from inside to time the replay without imports.
SimulEval keeps the whole source in Python lists, some 60 bytes a sample, so its long recording is
capped (``--simuleval-long-min``) and compared per second of audio.

``x_realtime`` is seconds of audio over seconds of replay.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import material, report
from benchmarks.drivers import PLUGINS
from benchmarks.measure import measure

CHUNK_MS = 320
AGENT = Path(__file__).parent / "simuleval_null.py"


@dataclass(frozen=True, slots=True)
class Load:
    """One set of audio."""

    name: str
    paths: list[Path]

    @property
    def folder(self) -> Path:
        return self.paths[0].parent


def ours(load: Load, clock: str, out: Path) -> dict[str, Any]:
    """Our measurements on one load."""
    overrides = [
        "system=silent", "dataset=clips", f"dataset.folder={load.folder}", "outputs=text",
        f"chunk_s={CHUNK_MS / 1000}", f"clock={clock}", "score=false", f"out={out}",
    ]
    whole = measure(
        ["-m", "s2st_bench", "run", "--quiet", "--plugin-dir", str(PLUGINS), *overrides]
    )
    inside = measure(["-m", "benchmarks.drivers", "ours", *overrides])
    return _row(load, f"s2st_bench ({clock})", whole.wall_s, _replay_s(inside.stdout),
                whole.peak_mb)


def simuleval(load: Load, out: Path) -> dict[str, Any]:
    """SimulEval's measurements on one load."""
    listed = out / f"{load.name}.txt"
    listed.write_text("\n".join(map(str, load.paths)), encoding="utf-8")
    done = measure(
        ["-m", "benchmarks.drivers", "simuleval", "--agent", str(AGENT), "--source", str(listed),
         "--target", str(listed), "--source-segment-size", str(CHUNK_MS), "--output",
         str(out / load.name), "--no-scoring", "--no-progress-bar"]
    )
    return _row(load, "SimulEval", done.wall_s, _replay_s(done.stdout), done.peak_mb)


def gates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conditions of a release, for the default clock."""
    found = []
    theirs = {row["load"]: row for row in rows if row["tool"] == "SimulEval"}
    for row in rows:
        if row["tool"] != "s2st_bench (simulated)":
            continue
        name = row["load"]
        found.append(report.gate(f"{name}: x real time", row["x_realtime"], 5000, at_least=True))
        found.append(report.gate(f"{name}: peak MB", row["peak_mb"], 300, at_least=False))
        if other := theirs.get(name.replace("150 min", "10 min")):
            found.append(report.gate(f"{name}: replay, times SimulEval's speed",
                                     row["x_realtime"] / other["x_realtime"], 10, at_least=True))
            if other["load"] == name:
                found.append(report.gate(f"{name}: process, times SimulEval's speed",
                                         other["wall_s"] / row["wall_s"], 1, at_least=True))
    return found


def main(argv: list[str] | None = None) -> int:
    """Print the table, save the JSON; 1 when a gate is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--simuleval-long-min", type=float, default=10.0,
                        help="minutes of the long recording that SimulEval gets; 0: none")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        rows = _measure(Path(folder), options.quick, options.simuleval_long_min)
    print(report.table(rows))
    checked = [] if options.quick else gates(rows)
    if checked:
        print(f"\n{report.table(checked)}")
    print(report.save(options.out, "replay", rows, checked))
    return int(any(not each["met"] for each in checked))


def _measure(folder: Path, quick: bool, simuleval_long_min: float) -> list[dict[str, Any]]:
    counts, long_min = ((10,), 2.0) if quick else ((100, 1000), 150.0)
    loads = [
        Load(f"{count} clips", material.clips(folder / f"clips{count}", count, 6.0))
        for count in counts
    ]
    loads.append(Load(f"{long_min:g} min", material.recording(folder / "long", long_min * 60)))
    rows = []
    for load in loads:
        for clock in ("simulated", "ideal"):
            rows.append(ours(load, clock, folder / "runs"))
    if importlib.util.find_spec("simuleval") is None:
        print("simuleval is not installed: measured without it (pip install simuleval==1.1.4)")
        return rows
    if simuleval_long_min:
        capped = min(long_min, simuleval_long_min)
        paths = material.recording(folder / "capped", capped * 60)
        loads[-1] = Load(f"{capped:g} min", paths)
    else:
        loads.pop()
    return rows + [simuleval(load, folder) for load in loads]


def _row(
    load: Load, tool: str, wall_s: float, replay_s: float, peak_mb: float
) -> dict[str, Any]:
    audio_s = material.seconds(load.paths)
    return {
        "load": load.name, "tool": tool, "audio_s": audio_s, "wall_s": wall_s,
        "replay_s": replay_s, "x_realtime": audio_s / replay_s, "peak_mb": peak_mb,
    }


def _replay_s(stdout: str) -> float:
    return float(json.loads(stdout.strip().splitlines()[-1])["replay_s"])


if __name__ == "__main__":
    raise SystemExit(main())
