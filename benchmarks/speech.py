"""What each metric of spoken output costs: seconds of one core per minute of output speech.

The material is the simulated interpreter's speech (espeak-ng) for sentences of the embedded corpus.
Each metric is timed alone, nothing kept from another; what is loaded or made once (a model, the
speech that a recogniser's floor is measured on) is in *first*, and what a second run of the same
size costs is in *s/min*.  A metric whose packages or weights are not here is listed with why.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import report
from s2st_bench.cache import VARIABLE
from s2st_bench.compose import compose
from s2st_bench.errors import BenchError
from s2st_bench.metric import Metric
from s2st_bench.registry import Registry
from s2st_bench.runner import run
from s2st_bench.scorer import Options, Scorer
from s2st_bench.scoring import make_metrics, scorer
from s2st_bench.store import RunFolder

METRICS: Sequence[tuple[str, dict[str, Any]]] = (
    ("SpeechStartOffset", {}), ("SpeechOverlap_CA", {}), ("SilenceRatio_CA", {}),
    ("SpeechLag_CA", {}), ("SpeechRate", {}), ("DurationRatio", {}), ("SLC-0.4", {}),
    ("HeardLAAL", {"words": "given"}), ("HeardLAAL", {"words": "text"}), ("HeardLAAL", {}),
    ("HeardEVS@p95", {}), ("SpeechFloor", {}), ("AlignerBias", {}),
    ("ASR-BLEU@reference", {}), ("ASR-BLEU@pocketsphinx", {}), ("ASR-WER@reference", {}),
    ("ASR-Floor@reference", {}), ("InsertionsOnSilence@reference", {}),
    ("SourceEcho", {}), ("SpeakerSimilarity", {}), ("SpeakerPercentile", {}), ("SpeakerEER", {}),
    ("DNSMOS-OVRL", {"anchors": False}), ("DNSMOS-OVRL", {"anchors": False, "hop_s": 9.0}),
    ("F0-Median", {"anchors": False}), ("Level", {"anchors": False}),
    ("PauseShare", {"anchors": False}),
)
LIMIT_S = 30.0
"""Per minute of speech: more than half real time is no metric for a nightly."""


def main(argv: list[str] | None = None) -> int:
    """Print the table, save the JSON; 1 when a metric that ran is over the limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speech", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as place, _nothing_kept():
        folders = [_spoken(Path(place), half, 33 if options.quick else 6) for half in ("a", "b")]
        rows = [_row(name, settings, folders) for name, settings in METRICS]
    print(report.table(rows))
    ran = [row for row in rows if not row["note"]]
    gates = [] if options.quick else [
        report.gate(f"{row['metric']} {row['options']}".strip() + ": s per minute of speech",
                    row["s/min"], LIMIT_S, at_least=False)
        for row in ran if row["metric"] != "ASR-BLEU@pocketsphinx"
    ]
    if gates:
        print(f"\n{report.table(gates)}")
    print(report.save(options.out, "speech", rows, gates))
    return int(any(not each["met"] for each in gates))


def _row(name: str, settings: dict[str, Any], folders: Sequence[Path]) -> dict[str, Any]:
    stated = " ".join(f"{key}={value}" for key, value in settings.items())
    row: dict[str, Any] = {"metric": name, "options": stated, "first s": 0.0, "s/min": 0.0,
                           "scored": "", "note": ""}
    base = name.removesuffix("_CA")
    try:
        (metric,) = make_metrics([name], Registry(), {base: settings} if settings else None)
        spent = [_spent(metric, _scorer(folder)) for folder in folders]
    except BenchError as error:
        return {**row, "note": str(error)[:90]}
    (first_s, _, _), (seconds, minutes, scored) = spent
    return {**row, "first s": first_s, "s/min": seconds / minutes, "scored": scored}


def _spent(metric: Metric, of: Scorer) -> tuple[float, float, str]:
    """(seconds, minutes of output speech, items scored of all)."""
    begun = time.perf_counter()
    found = of.item_stats(metric)
    seconds = time.perf_counter() - begun
    sounds = [item.sound for item in of.items if item.sound is not None]
    minutes = sum(sound.duration_s for sound in sounds) / 60.0
    return seconds, minutes, f"{int(found.scored.sum())}/{len(of.items)}"


def _scorer(folder: Path) -> Scorer:
    held = RunFolder(folder)
    return scorer(held.traces(), held.recordings(), ["SpeechStartOffset"], Options(folder=folder))


def _spoken(place: Path, half: str, every: int) -> Path:
    """A run whose output is speech; the two halves are of different sentences."""
    split = {"a": "test", "b": "dev"}[half]
    config = compose([
        "system=interpreter_voice", "dataset=conference", f"dataset.split={split}",
        f"dataset.every={every}", "dataset.pair=de-en", "metrics.names=[BLEU]", f"name={half}",
        f"out='{place}'",
    ])
    run(config)
    return place / half


@contextmanager
def _nothing_kept() -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "off"
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
