"""Reading a simulstream log, beside simulstream's own reader on the same file.

Material: one recording, a line a second, of a system that writes a few SentencePiece tokens a line
and takes the last ones back now and then; 7,200 lines are two hours.  Timed is what scoring needs:
the words that stand at the end, each with its two times.  Both must give the same words and
unaware times.  simulstream puts all tokens together again at every line, so its time grows with
the square of the lines.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks import report
from s2st_bench.formats import simulstream
from s2st_bench.timeline import emissions

LINES = (900, 1800, 3600, 7200)
_PIECES = ["▁das", "▁ist", "▁ein", "▁Haus", "▁und", "▁noch", "▁viel", "er", "te", "s", ",", "."]


def log(path: Path, n_lines: int, seed: int = 0) -> Path:
    """A log of ``n_lines`` chunks."""
    draws = random.Random(seed)
    standing = ["▁Guten", "▁Tag"]
    rows: list[dict[str, Any]] = [
        {"model_loading_time": 5.0}, {"id": 0, "metadata": {"wav_name": "talk.wav"}},
        _chunk(1, standing, []),
    ]
    for number in range(2, n_lines + 1):
        # the first words stay: simulstream's reader fails where nothing stands
        keep = max(2, len(standing) - (draws.randint(1, 6) if draws.random() < 0.3 else 0))
        gone, new = standing[keep:], draws.choices(_PIECES, k=draws.randint(0, 5))
        standing = standing[:keep] + new
        rows.append(_chunk(number, new, gone))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def ours(path: Path) -> list[tuple[str, float]]:
    """Words and unaware times, as we read them."""
    (trace,) = simulstream.read(path).traces
    return [(said.unit, said.delay) for said in emissions(trace)]


def theirs(path: Path) -> list[tuple[str, float]]:
    """Words and unaware times, as simulstream reads them."""
    from simulstream.metrics.readers import LogReader

    config = SimpleNamespace(detokenizer_type="simuleval", latency_unit="spm")
    (found,) = LogReader(config, str(path), "word").final_outputs_and_latencies().values()
    return list(zip(found.text_items("word"), found.ideal_delays, strict=True))


def main(argv: list[str] | None = None) -> int:
    """Print the table, save the JSON; 1 when a gate is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args(argv)
    peer = importlib.util.find_spec("simulstream") is not None
    if not peer:
        print("simulstream is not installed: measured without it (pip install simulstream==1.0.0)")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        rows = [_measure(log(Path(folder) / f"{n}.jsonl", n), n, peer)
                for n in (LINES[:1] if options.quick else LINES)]
    checked = [] if options.quick else gates(rows)
    print(report.table(rows))
    if checked:
        print(f"\n{report.table(checked)}")
    print(report.save(options.out, "formats", rows, checked))
    return int(any(not each["met"] for each in checked))


def gates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Conditions of a release: faster than the peer, and linear."""
    first, last = rows[0], rows[-1]
    growth = last["ours_s"] / first["ours_s"] / (last["lines"] / first["lines"])
    found = [report.gate("time a line, 7,200 lines over 900", growth, 2, at_least=False)]
    if last["times_faster"] is not None:
        found.append(report.gate("7,200 lines: times simulstream's speed", last["times_faster"],
                                 20, at_least=True))
        found.append(report.gate("logs read otherwise than by simulstream",
                                 sum(not row["same"] for row in rows), 0, at_least=False))
    return found


def _measure(path: Path, n_lines: int, peer: bool) -> dict[str, Any]:
    mine, ours_s = _timed(ours, path, best_of=3)
    row = {"lines": n_lines, "words": len(mine), "ours_s": ours_s, "simulstream_s": None,
           "times_faster": None, "same": None}
    if peer:
        expected, theirs_s = _timed(theirs, path, best_of=1)
        row |= {"simulstream_s": theirs_s, "times_faster": theirs_s / ours_s,
                "same": mine == expected}
    return row


def _timed(
    read: Callable[[Path], list[tuple[str, float]]], path: Path, best_of: int
) -> tuple[list[tuple[str, float]], float]:
    seconds = []
    for _ in range(best_of):
        started = time.perf_counter()
        found = read(path)
        seconds.append(time.perf_counter() - started)
    return found, min(seconds)


def _chunk(number: int, new: list[str], gone: list[str]) -> dict[str, Any]:
    return {"id": 0, "total_audio_processed": float(number), "computation_time": 0.25,
            "generated_tokens": new, "deleted_tokens": gone}


if __name__ == "__main__":
    raise SystemExit(main())
