"""What the reference models are worth: against copying from training, and EMMA against wait-k.

*Offline*: BLEU of the whole source decoded once, of hand-written and grammar-made test items apart,
beside the share of them seen in training and the nearest-training-sentence baseline
(``systems/reference/training/overlap.py``).

*Curves*: EMMA and wait-k from the same encoder, the same updates and the same seeds, at equal
LAAL, with a band over seeds and recordings.  The encoder is shared by all seeds: the claim is about
decoders and their policies.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import sacrebleu

from benchmarks import report
from s2st_bench.compare import paired
from s2st_bench.compare.runs import curve
from s2st_bench.compare.seeds import matched_over_seeds
from s2st_bench.compose import compose
from s2st_bench.datasets.conference.conference import Conference
from s2st_bench.errors import NotComparable
from s2st_bench.metrics.quality.bleu import BLEU
from s2st_bench.registry import Registry
from s2st_bench.runner import run
from s2st_bench.sample import Sample
from s2st_bench.store import RunFolder
from s2st_bench.systems.reference.training.overlap import Nearest, seen_ngrams, seen_sentences
from s2st_bench.timeline import final_text
from s2st_bench.types import Recording

PAIRS = ("de-en", "en-de")
TRAINED_ON = 8
"""Streams of training text, ``SENTENCES`` of each, about as much as the weights were trained on."""
SENTENCES = 3500
SEEDS = (1, 2, 3)
WAIT_K = (1, 2, 3, 5, 8, 12)
THRESHOLDS = (0.05, 0.3, 0.6, 0.8, 0.95, 0.99)


def main(argv: list[str] | None = None) -> int:
    """Print the tables, save the JSON; 1 when a gate is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args(argv)
    every = 22 if options.quick else 1
    with tempfile.TemporaryDirectory(prefix="s2st-quality-") as place:
        offline = [row for pair in PAIRS for row in offline_rows(Path(place), pair, every)]
        print(report.table(offline), "\n")
        rows = curve_rows(Path(place), every=22 if options.quick else 2,
                          seeds=SEEDS[:2] if options.quick else SEEDS)
        print(report.table(rows))
    gates = [] if options.quick else [
        report.gate(f"{row['pair']}, hand-written: least BLEU over the nearest sentence's (95 %)",
                    row["gap low"], 0.0, at_least=True)
        for row in offline if row["origin"] == "hand"
    ]
    if gates:
        print(f"\n{report.table(gates)}")
    print(report.save(options.out, "quality", [*offline, *rows], gates))
    return int(any(not each["met"] for each in gates))


def offline_rows(place: Path, pair: str, every: int) -> list[dict[str, Any]]:
    """One row an origin."""
    source, target = pair.split("-")
    corpus = Conference("test", source_lang=source, target_lang=target, every=every)
    items = list(corpus.recordings())
    pairs = [(texts[source], texts[target])
             for seed in range(1, TRAINED_ON + 1)
             for texts in islice(corpus.training_text(seed), SENTENCES)]
    nearest = Nearest(pairs)
    folder = played(place, f"offline-{pair}", [
        "system=offline", "system.inner=reference", f"dataset.pair={pair}",
        f"dataset.every={every}"])
    scores = {(row.get("group"), row["metric"]): row for row in folder.scores()["corpus"]}
    said = {trace.recording_id: final_text(trace) for trace in folder.traces()}
    rows = []
    for origin in ("hand", "grammar"):
        mine = [item for item in items if item.segments[0].origin == origin]
        sources = [text(item) for item in mine]
        references = [item.segments[0].references[target][0] for item in mine]
        copied = [nearest.translate(one) for one in sources]
        score = scores[origin, "BLEU"]
        gap = paired.compare(sample([said[item.id] for item in mine], references),
                             sample(copied, references))
        rows.append({
            "pair": pair, "origin": origin, "items": len(mine), "BLEU": score["value"],
            "low": score["ci95"][0], "high": score["ci95"][1],
            "nearest": sacrebleu.corpus_bleu(copied, [references]).score,
            "gap low": gap.interval.low if gap.interval else float("nan"), "p": gap.p_value,
            "seen": seen_sentences(sources, [one for one, _ in pairs]),
            "4-grams seen": seen_ngrams(sources, [one for one, _ in pairs]),
        })
    return rows


def curve_rows(place: Path, *, every: int, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """EMMA less wait-k at some latencies; or that there is no claim."""
    common = ["dataset.pair=de-en", f"dataset.every={every}", "outputs=[text]"]
    emma, wait = [], []
    for seed in seeds:
        emma.append([played(place, f"emma-{seed}-{t}", [
            "system=emma", f"system.decoder=emma-{seed}", f"system.threshold={t}", *common])
            for t in THRESHOLDS])
        wait.append([played(place, f"wait-{seed}-{k}", [
            "system=wait_k", f"system.decoder={multipath(seed)}", f"system.k={k}", *common])
            for k in WAIT_K])
    try:
        found = matched_over_seeds(*(
            [curve([folder.path for folder in one], "LAAL", "BLEU") for one in side]
            for side in (emma, wait)))
    except NotComparable as error:
        return [{"LAAL": float("nan"), "EMMA - wait-k": str(error), "low": "", "high": ""}]
    step = max(1, len(found.latency) // 6)
    return [
        {"LAAL": at, "EMMA - wait-k": gap, "low": low, "high": high}
        for at, gap, low, high in zip(
            found.latency[::step].tolist(), found.difference[::step].tolist(),
            found.pointwise[0][::step].tolist(), found.pointwise[1][::step].tolist(), strict=True)
    ]


def multipath(seed: int) -> str:
    """The decoder of a seed; the first is the one that all other policies use."""
    return "multipath" if seed == 1 else f"multipath-{seed}"


def sample(hypotheses: Sequence[str], references: Sequence[str]) -> Sample:
    """BLEU's counts of each sentence, the sentence being the unit of resampling."""
    rows = []
    for hypothesis, reference in zip(hypotheses, references, strict=True):
        found = sacrebleu.sentence_bleu(hypothesis, [reference])
        rows.append([found.sys_len, found.ref_len, *found.counts, *found.totals])
    count = len(rows)
    return Sample(BLEU(), np.array(rows, float), tuple(map(str, range(count))), np.arange(count))


def text(recording: Recording) -> str:
    """The transcript of a sentence."""
    return str(recording.segments[0].transcript)


def played(place: Path, name: str, overrides: Sequence[str]) -> RunFolder:
    """A run under the clock that costs no time, scored."""
    registry = Registry()
    config = compose(
        [*overrides, "dataset=conference", "clock=ideal", f"out='{place}'", f"name='{name}'"],
        registry=registry)
    run(config)
    return RunFolder(place / name)


if __name__ == "__main__":
    raise SystemExit(main())
