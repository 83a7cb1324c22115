"""Indexing corpora in the layouts of MuST-C and (:mod:`benchmarks.clips`) CoVoST 2, and decoding
slices.

Material: segment lists, texts and 16 kHz wav files of 36 talks (2,641 segments, the size of
tst-COMMON) and of 2,500 talks (250,000 segments, the size of train).  The wav files are sparse:
their headers are real, their samples zeros that take no room.  Timed is what a run does before
its first recording: the list, both texts and all headers are read, checked and paired, and every
recording is made.  Memory is that of the process: held one at a time (as ``check`` and the
fingerprint do), and as a list of all of them (as a run does).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import clips, measure, report

CLIPS = "250,000 clips"
SIZES = {"2,641 segments": (36, 2641), "250,000 segments": (2500, 250_000)}
_EN = "the and of quite simple question measured years listen other found morning welcome".split()
_DE = "der und nicht ist ich wir größer können Frage einfach Jahre gemessen gefunden".split()
_RATE_HZ = 16_000
_SLICES = 50


def corpus(folder: Path, n_talks: int, n_segments: int, seed: int = 0) -> Path:
    """Write ``folder/en-de/data/train``."""
    draws = random.Random(seed)
    data = folder / "en-de" / "data" / "train"
    (data / "wav").mkdir(parents=True)
    (data / "txt").mkdir()
    paths = [data / "txt" / f"train.{end}" for end in ("yaml", "en", "de")]
    with paths[0].open("w") as listed, paths[1].open("w") as said, paths[2].open("w") as told:
        for talk in range(n_talks):
            at_s = 1.0
            for _ in range(n_segments // n_talks + (talk < n_segments % n_talks)):
                length_s = round(draws.uniform(1, 9), 2)
                listed.write(f"- {{duration: {length_s:.6f}, offset: {at_s:.6f}, rW: 18, uW: 0, "
                             f"speaker_id: spk.{talk}, wav: ted_{talk}.wav}}\n")
                said.write(" ".join(draws.choices(_EN, k=18)) + "\n")
                told.write(" ".join(draws.choices(_DE, k=18)) + "\n")
                at_s += length_s + 0.2
            _sparse_wav(data / "wav" / f"ted_{talk}.wav", int(at_s * _RATE_HZ))
    return folder


def index(folder: str, hold: str) -> dict[str, Any]:
    """Read all recordings, one at a time or as a list (in a process of its own)."""
    from s2st_bench.corpora import Selection
    from s2st_bench.datasets.mustc.mustc import MustC

    reader = MustC(Path(folder), Selection(split="train"))
    started = time.perf_counter()
    cpu = time.process_time()
    found = list(reader.recordings()) if hold == "list" else reader.recordings()
    n = sum(1 for _ in found)
    return {"n": n, "wall_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}


def slices(folder: str) -> dict[str, Any]:
    """Decode the last segment of several talks: a reader of whole talks would take minutes."""
    from s2st_bench.audio import read_audio
    from s2st_bench.corpora import Selection
    from s2st_bench.datasets.mustc.mustc import MustC
    from s2st_bench.types import AudioSource

    last = {r.cluster: r.source for r in MustC(Path(folder), Selection(split="train")).recordings()}
    chosen = [s for s in last.values() if isinstance(s, AudioSource)][:_SLICES]
    started = time.perf_counter()
    heard = sum(len(read_audio(s.path, s.offset_s, s.duration_s)) for s in chosen)
    wall_s = time.perf_counter() - started
    return {"n": len(chosen), "wall_s": wall_s, "cpu_s": wall_s, "heard_s": heard / _RATE_HZ}


def main(argv: list[str] | None = None) -> int:
    """Print the table, save the JSON; 1 when a gate is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpora", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little material, no gates")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args(argv)
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        for name, (n_talks, n_segments) in SIZES.items():
            if options.quick and rows:
                break
            folder = corpus(Path(place) / str(n_segments), n_talks, n_segments)
            for what, arguments in (("one at a time", ("index", "each")),
                                    ("as a list", ("index", "list")), ("slices", ("slices",))):
                rows.append({"corpus": name, "what": what, **_measured(folder, arguments)})
        n_clips = clips.ROWS // 100 if options.quick else clips.ROWS
        folder = clips.corpus(Path(place) / "clips", n_clips)
        for what, hold in (("one at a time", "each"), ("as a list", "list")):
            rows.append({"corpus": CLIPS, "what": what,
                         **_measured(folder, ("index", hold), module="clips")})
    checked = [] if options.quick else gates(rows)
    print(report.table(rows))
    if checked:
        print(f"\n{report.table(checked)}")
    print(report.save(options.out, "corpora", rows, checked))
    return int(any(not each["met"] for each in checked))


def gates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Conditions of a release."""
    by = {(row["corpus"], row["what"]): row for row in rows}
    small, large, single = (by[name, "one at a time"] for name in (*SIZES, CLIPS))
    return [
        report.gate("2,641 segments: seconds", small["wall_s"], 1, at_least=False),
        report.gate("250,000 segments: seconds", large["wall_s"], 10, at_least=False),
        report.gate("250,000 segments: peak MB", large["peak_mb"], 300, at_least=False),
        report.gate("250,000 clips: seconds", single["wall_s"], 10, at_least=False),
        report.gate("250,000 clips: peak MB", single["peak_mb"], 300, at_least=False),
        report.gate("a slice: ms", 1e3 * by["250,000 segments", "slices"]["wall_s"] / _SLICES, 20,
                    at_least=False),
    ]


def _measured(
    folder: Path, arguments: tuple[str, ...], *, module: str = "corpora"
) -> dict[str, Any]:
    part, *rest = arguments
    call = ", ".join(map(repr, [str(folder), *rest]))
    code = (f"import json; from benchmarks import {module}; "
            f"print(json.dumps({module}.{part}({call})))")
    measured = measure.measure(["-c", code])
    found = json.loads(measured.stdout)
    return {"n": found["n"], "wall_s": found["wall_s"], "cpu_s": found["cpu_s"],
            "peak_mb": measured.peak_mb}


def _sparse_wav(path: Path, n_samples: int) -> None:
    size = 2 * n_samples
    path.write_bytes(struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, _RATE_HZ,
        2 * _RATE_HZ, 2, 16, b"data", size))
    os.truncate(path, 44 + size)


if __name__ == "__main__":
    sys.exit(main())
