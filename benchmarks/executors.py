"""What executors cost, how they scale, and that they do not change a number.

``replay_s`` goes from the (first) system being loaded to the last trace being written, ``wall_s``
is the whole command.  Costs of an empty system come from runs of two sizes: a line through them
gives the cost per recording, apart from what a run costs once.  A chunk's cost comes from clips of
two lengths.  *Scaling* is a system that computes a fixed amount, with one worker and with two: on
an idle machine of two processors or more the ratio must not exceed 0.6; *waiting* is a system that
sleeps instead, which needs no processor and shows the harness' own part on any machine.  ``cores``
says how many processors the command kept busy on average; above the number of workers, their
libraries' threads would not be bound.

``load`` is the load average when a row was begun: on a shared machine scaling means nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import material, report
from benchmarks.drivers import PLUGINS
from benchmarks.measure import measure

RECORDINGS = 500
FEW = 50
SHORT_S, LONG_S = 1.0, 10.0
CHUNK_S = 0.32
MEGABYTES = "system.megabytes=12"
WAIT = "system.wait_s=0.02"
RATIO = 0.6
_EXECUTORS = (("local", 1), ("local", 2), ("ray", 1), ("ray", 2))


def main(argv: list[str] | None = None) -> int:
    """Print the tables, save the JSON; 1 when a gate is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.executors", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args(argv)
    few, many = (4, 12) if options.quick else (FEW, RECORDINGS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = _Bench(Path(folder), few, many)
        rows = [*bench.empty(), *bench.scaling()]
        same = bench.identical()
    print(report.table(rows))
    costs = overheads(rows, few, many)
    print(f"\n{report.table(costs)}")
    checked = [] if options.quick else gates(rows, same)
    if checked:
        print(f"\n{report.table(checked)}")
    print(report.save(options.out, "executors", [*rows, *costs], checked))
    return int(any(not each["met"] for each in checked))


def overheads(rows: list[dict[str, Any]], few: int, many: int) -> list[dict[str, Any]]:
    """Milliseconds per recording by executor, and per chunk."""
    by_key = {(row["what"], row["executor"], row["workers"], row["recordings"]): row
              for row in rows}
    found = []
    for executor, workers in {(row["executor"], row["workers"]): None for row in rows}:
        ends = [by_key.get(("empty", executor, workers, n)) for n in (few, many)]
        if ends[0] is None or ends[1] is None:
            continue
        per_s = (ends[1]["replay_s"] - ends[0]["replay_s"]) / (many - few)
        once_s = ends[0]["wall_s"] - ends[0]["replay_s"]
        found.append({"overhead": f"{executor}, {workers} workers: a recording", "ms": per_s * 1e3})
        found.append({"overhead": f"{executor}, {workers} workers: a run, once",
                      "ms": once_s * 1e3})
    short, long = (by_key["empty", "local", 1, many], by_key["empty, long", "local", 1, many])
    chunks = many * (LONG_S - SHORT_S) / CHUNK_S
    found.append({"overhead": "a chunk", "ms": (long["replay_s"] - short["replay_s"])
                  / chunks * 1e3})
    return found


def gates(rows: list[dict[str, Any]], same: bool) -> list[dict[str, Any]]:
    """The conditions of a release."""
    spent = {(row["what"], row["workers"]): row["replay_s"] for row in rows
             if row["executor"] == "local" and row["recordings"] == RECORDINGS}
    return [
        *(report.gate(f"{what}: two workers, times one's time", spent[what, 2] / spent[what, 1],
                      RATIO, at_least=False) for what in ("waiting", "scaling")),
        report.gate("scores of all executors are the same bytes", float(same), 1, at_least=True),
    ]


class _Bench:
    """Material, and the runs over it."""

    def __init__(self, folder: Path, few: int, many: int) -> None:
        self.folder = folder
        self.few, self.many = few, many
        self.executors = [one for one in _EXECUTORS if one[0] == "local" or _has_ray()]
        self.clips = {
            (few, SHORT_S): material.clips(folder / "few", few, SHORT_S)[0].parent,
            (many, SHORT_S): material.clips(folder / "many", many, SHORT_S)[0].parent,
            (many, LONG_S): material.clips(folder / "long", many, LONG_S)[0].parent,
        }

    def empty(self) -> list[dict[str, Any]]:
        """A system that does nothing but write."""
        rows = [self._run("empty", executor, workers, (n, SHORT_S))
                for executor, workers in self.executors for n in (self.few, self.many)]
        return [*rows, self._run("empty, long", "local", 1, (self.many, LONG_S))]

    def scaling(self) -> list[dict[str, Any]]:
        """A system that waits, and one that computes."""
        return [self._run(what, executor, workers, (self.many, SHORT_S), work)
                for what, work in (("waiting", WAIT), ("scaling", MEGABYTES))
                for executor, workers in self.executors]

    def identical(self) -> bool:
        """Whether every executor's scores of all recordings are the same bytes."""
        made = set()
        for executor, workers in self.executors:
            name = f"same-{executor}-{workers}"
            measure(["-m", "s2st_bench", "run", "--quiet", "--plugin-dir", str(PLUGINS),
                     *self._overrides(executor, workers, (self.many, SHORT_S)),
                     "clock=ideal", "metrics=[BLEU,LAAL]", f"name={name}"])
            made.add((self.folder / "runs" / name / "scores.json").read_bytes())
        return len(made) == 1

    def _run(
        self, what: str, executor: str, workers: int, clips: tuple[int, float], *work: str
    ) -> dict[str, Any]:
        load = os.getloadavg()[0]
        done = measure(["-m", "benchmarks.drivers", "ours",
                        *self._overrides(executor, workers, clips), *work, "score=false"])
        replay_s = float(json.loads(done.stdout.strip().splitlines()[-1])["replay_s"])
        return {"what": what, "executor": executor, "workers": workers, "recordings": clips[0],
                "replay_s": replay_s, "wall_s": done.wall_s,
                # Ray's processes are not children of the command
                "cores": done.cpu_s / done.wall_s if executor == "local" else None, "load": load}

    def _overrides(
        self, executor: str, workers: int, clips: tuple[int, float]
    ) -> list[str]:
        return ["system=busy", "dataset=clips",
                f"dataset.folder={self.clips[clips]}", "outputs=text", f"chunk_s={CHUNK_S}",
                f"executor={executor}", f"executor.workers={workers}",
                f"out={self.folder / 'runs'}"]


def _has_ray() -> bool:
    if importlib.util.find_spec("ray") is not None:
        return True
    print("ray is not installed: measured without it (pip install 's2st-bench[ray]')")
    return False


if __name__ == "__main__":
    raise SystemExit(main())
