"""Cost of the reference models on one core: per chunk of sound, and per second of speech.

The encoder hears one utterance of 120 s chunk by chunk; a row gives the cost of the last chunks
before a length is reached, which must not depend on the length.  Decoding is greedy once at the
end of recordings of ordinary length, with all of the source seen.

Costs are the process' own CPU time: the models use one thread, and a busy machine does not count.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import report
from s2st_bench.systems.reference.frontend import RATE_HZ
from s2st_bench.systems.reference.runtime import Ear, Models, Writer
from s2st_bench.systems.reference.runtime.ear import CHUNK_SAMPLES
from s2st_bench.systems.reference.runtime.models import SHIPPED
from s2st_bench.systems.reference.shape import CHUNK_S
from s2st_bench.types import Samples

LENGTHS_S = (5, 10, 30, 60, 120)
LAST_S = 4.8
DECODED_S = (5, 10, 20)
PIECES_PER_S = 6.0
"""As many as a second of the training speech has at most."""
FLATNESS = 1.2
RTF = 0.2


def main(argv: list[str] | None = None) -> int:
    """Print the tables, save the JSON; 1 when a gate is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reference", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--models", type=Path, default=SHIPPED, help="folder of exported models")
    options = parser.parse_args(argv)
    models = Models(options.models)
    rows = encoding(models, LENGTHS_S[:2] if options.quick else LENGTHS_S)
    rows += decoding(models, DECODED_S[:1] if options.quick else DECODED_S)
    print(report.table(rows))
    checked = [] if options.quick else gates(rows)
    if checked:
        print(f"\n{report.table(checked)}")
    print(report.save(options.out, "reference", rows, checked))
    return int(any(not each["met"] for each in checked))


def gates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conditions of a release."""
    chunks = [row["ms"] for row in rows if row["what"] == "encoder, a chunk"]
    return [
        report.gate("a chunk at 120 s, times its cost at 5 s", chunks[-1] / chunks[0], FLATNESS,
                    at_least=False),
        *(report.gate(f"RTF, {row['what']}, {row['audio_s']} s", row["rtf"], RTF, at_least=False)
          for row in rows),
    ]


def encoding(models: Models, lengths_s: tuple[int, ...]) -> list[dict[str, Any]]:
    """Median cost of a chunk when so much has been heard."""
    ear = Ear(models)
    ear.push(noise(2.0))  # warm up
    ear.reset()
    sound = noise(lengths_s[-1])
    costs = []
    for at in range(0, len(sound) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        started = time.process_time()
        ear.push(sound[at : at + CHUNK_SAMPLES])
        costs.append(time.process_time() - started)
    last = round(LAST_S / CHUNK_S)
    return [_row("encoder, a chunk", length_s, None, CHUNK_S,
                 statistics.median(costs[: int(length_s / CHUNK_S)][-last:]))
            for length_s in lengths_s]


def decoding(models: Models, lengths_s: tuple[int, ...]) -> list[dict[str, Any]]:
    """A translation of so much sound, of as many pieces as speech of that length can have."""
    rows = []
    for length_s in lengths_s:
        ear = Ear(models)
        ear.push(noise(length_s))
        ear.finish()
        writer = Writer(models.decoder("multipath"), "en")
        started = time.process_time()
        writer.hear(ear.frames)
        pieces = _pieces(writer, int(length_s * PIECES_PER_S))
        rows.append(_row("greedy decoding", length_s, pieces, float(length_s),
                         time.process_time() - started))
    return rows


def _pieces(writer: Writer, count: int) -> int:
    """Write the best piece ``count`` times, ended or not: what is measured is the cost."""
    for _ in range(count):
        writer.push(writer.next().best)
    return count


def _row(
    what: str, audio_s: int, pieces: int | None, of_s: float, cost_s: float
) -> dict[str, Any]:
    return {"what": what, "audio_s": audio_s, "pieces": pieces, "ms": cost_s * 1e3,
            "rtf": cost_s / of_s}


def noise(length_s: float) -> Samples:
    """Sound of changing loudness; what it says makes no difference to the cost."""
    draws = np.random.default_rng(1)
    count = round(length_s * RATE_HZ)
    loud = np.repeat(draws.uniform(0.001, 0.3, count // 800 + 1), 800)[:count]
    return (draws.standard_normal(count) * loud).astype(np.float32)


if __name__ == "__main__":
    raise SystemExit(main())
