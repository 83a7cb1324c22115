"""Speed of scoring, resegmenting and resampling, beside peers'.

Scoring: a log of 2,500 recordings; twelve latency scores (six metrics, unaware and aware), and
BLEU.  ``latency`` goes from what was read to twelve corpus values in both tools; ours reads more
(``read`` makes traces of the log, ``items`` lays out when each unit was live) and gives more
(``table``: the values again with intervals, counts, reasons and a row a recording).  ``process``
is the whole command as users run it.  Resegmenting: one talk of 1,000 to 20,000 words;
OmniSTEval's alignment takes minutes and gigabytes beyond ``--omnisteval-words``; mweralign
minimises word errors, as our ``min-wer`` does.  Resampling:
1,000 resamples of 20 systems on 2,500 recordings, BLEU and LAAL, with percentile intervals, the
paired bootstrap of all 190 pairs, and rank ranges.

``load`` is the machine's load average when a row was begun: on a shared machine only ratios
taken at like load mean anything.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import report, scorers
from benchmarks.measure import measure

RECORDINGS = 2500
WORDS = (1000, 2000, 4000, 10_000, 20_000)
_SAME_TASK = (("OmniSTEval", "s2st_bench"), ("mweralign", "s2st_bench min-wer"))


def main(argv: list[str] | None = None) -> int:
    """Print the tables, save the JSON; 1 when a gate is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--omnisteval-words", type=int, default=4000,
                        help="the longest talk that OmniSTEval gets")
    options = parser.parse_args(argv)
    recordings, words = (100, (200,)) if options.quick else (RECORDINGS, WORDS)
    rows = [*_scoring(recordings), *_resegmenting(words, options.omnisteval_words)]
    rows += _rows("resampling", "s2st_bench", recordings,
                  "bootstrap", "1000", "3" if options.quick else "20", str(recordings))
    print(report.table(rows))
    if compared := ratios(rows):
        print(f"\n{report.table(compared)}")
    checked = [] if options.quick else gates(rows)
    if checked:
        print(f"\n{report.table(checked)}")
    print(report.save(options.out, "statistics", rows, checked))
    return int(any(not each["met"] for each in checked))


def gates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conditions of a release."""
    by_key = {(row["what"], row["tool"], row["size"]): row for row in rows}
    found = []
    theirs = by_key.get(("latency", "SimulEval", RECORDINGS))
    if theirs is not None:
        ratio = theirs["seconds"] / by_key["latency", "s2st_bench", RECORDINGS]["seconds"]
        found.append(report.gate("latency scoring, times SimulEval's speed", ratio, 10,
                                 at_least=True))
    longest = by_key["resegment", "s2st_bench", WORDS[-1]]
    found.append(report.gate("20,000 words: seconds", longest["seconds"], 10, at_least=False))
    found.append(report.gate("20,000 words: peak MB", longest["peak_mb"], 1000, at_least=False))
    resampled = by_key["bootstrap", "s2st_bench", RECORDINGS]
    found.append(report.gate("1,000 x 20 x 2,500: seconds", resampled["seconds"], 10,
                             at_least=False))
    return found


def _scoring(recordings: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log = Path(folder) / "instances.log"
        scorers.instances_log(log, recordings)
        (log.parent / "config.yaml").write_text("source_type: speech\ntarget_type: text\n")
        rows = _rows("scoring", "s2st_bench", recordings, "score-ours", str(log))
        if _installed("simuleval"):
            rows += _rows("scoring", "SimulEval", recordings, "score-simuleval", str(log))
        names = ",".join([*scorers.ALL_LATENCIES, "BLEU"])
        rows.append(_process("s2st_bench", recordings, "s2st_bench", "score", str(log),
                             "--target-lang", "de", "--metrics", names))
        if _installed("simuleval"):
            rows.append(_process(
                "SimulEval", recordings, "simuleval.cli", "--score-only", "--output", folder,
                "--computation-aware", "--quality-metrics", "BLEU",
                "--latency-metrics", *scorers.LATENCIES,
            ))
    return rows


def _process(tool: str, size: int, *arguments: str) -> dict[str, Any]:
    load = os.getloadavg()[0]
    done = measure(["-m", *arguments])
    return {"part": "scoring", "what": "process", "tool": tool, "size": size,
            "seconds": done.wall_s, "peak_mb": done.peak_mb, "load": load}


def _resegmenting(words: tuple[int, ...], omnisteval_words: int) -> list[dict[str, Any]]:
    rows = []
    omnisteval, mweralign = _installed("omnisteval"), _installed("mweralign")
    for n in words:
        rows += _rows("resegmenting", "s2st_bench", n, "resegment-ours", str(n))
        if omnisteval and n <= omnisteval_words:
            rows += _rows("resegmenting", "OmniSTEval", n, "resegment-omnisteval", str(n))
        rows += _rows("resegmenting", "s2st_bench min-wer", n, "resegment-ours", str(n), "min-wer")
        if mweralign:
            rows += _rows("resegmenting", "mweralign", n, "resegment-mweralign", str(n))
    return rows


def ratios(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How many times our time a peer's resegmenting takes, where both did the same task."""
    seconds = {(row["tool"], row["size"]): row["seconds"] for row in rows
               if row["part"] == "resegmenting"}
    return [
        {"resegmenting": f"{peer} / {ours}", "words": size, "ratio": theirs / seconds[ours, size]}
        for peer, ours in _SAME_TASK
        for (tool, size), theirs in seconds.items() if tool == peer
    ]


def _rows(part: str, tool: str, size: int, *arguments: str) -> list[dict[str, Any]]:
    """One row for each thing a driver timed."""
    load = os.getloadavg()[0]
    done = measure(["-m", "benchmarks.scorers", *arguments])
    seconds: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return [
        {"part": part, "what": what.removesuffix("_s"), "tool": tool, "size": size,
         "seconds": value, "peak_mb": done.peak_mb, "load": load}
        for what, value in seconds.items()
    ]


def _installed(package: str) -> bool:
    if importlib.util.find_spec(package) is not None:
        return True
    print(f"{package} is not installed: measured without it")
    return False


if __name__ == "__main__":
    raise SystemExit(main())
