"""Runs whose latency and quality are set: words come late by a lag and are right by chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from s2st_bench import records
from s2st_bench import trace as trace_file
from s2st_bench.types import (
    AudioSource,
    Job,
    Recording,
    RunRecord,
    Segment,
    Step,
    TimedWrite,
    Trace,
)

WORDS = "das ist ein ganz kleiner aber feiner Test".split()


def make_run(folder: Path, lag_s: float, hit: float, *, seed: int = 0, n: int = 16,
             fingerprint: str = "f00d", name: str = "sys", silent: Sequence[int] = (),
             status: str = "finished", cpu: str = "Test CPU", **system: object) -> Path:
    """Words come ``lag_s`` late and are right with probability ``hit``."""
    folder.mkdir(parents=True)
    draws = np.random.default_rng(seed)
    recordings, traces = [], []
    for i in range(n):
        said = [w if draws.random() < hit else "falsch" for w in WORDS]
        recordings.append(Recording(
            f"r{i}", AudioSource(Path("x.wav"), 0, 6.0), "en", ("de",),
            (Segment(f"r{i}", 0, 6, references={"de": (" ".join(WORDS),)}),)))
        times = lag_s + 0.4 * np.arange(len(said)) + draws.normal(0, 0.05)
        traces.append(Trace(name, f"r{i}", "de", 6.0, () if i in silent else tuple(
            Step(max(at, 0.1), max(at, 0.1), (Job(j, "system", at, at + 0.1),),
                 (TimedWrite(j, 0.1, word + " "),))
            for j, (at, word) in enumerate(zip(times.tolist(), said, strict=True)))))
    record = RunRecord(name, "corpus", "simulated", {"system": system}, "en", "de", ("text",),
                       fingerprint=fingerprint, status=status, n_recordings=n,
                       host={"cpu": cpu, "cores": 2})
    (folder / "recordings.jsonl").write_text(
        "".join(records.encode_recording(r) + "\n" for r in recordings), "utf-8")
    (folder / "traces.jsonl").write_text(
        "".join(trace_file.encode(t) + "\n" for t in traces), "utf-8")
    (folder / "run.json").write_text(records.encode_run(record), "utf-8")
    return folder


def make_curve(
    folder: Path, lags: Sequence[float], hits: Sequence[float], **settings: object
) -> list[Path]:
    return [make_run(folder / str(i), lag, hit, seed=i, k=i, **settings)
            for i, (lag, hit) in enumerate(zip(lags, hits, strict=True))]
