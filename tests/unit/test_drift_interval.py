"""LatencyDrift has the interval of the slope itself where there is a single talk."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.compare import paired
from s2st_bench.scoring import score, scorer
from s2st_bench.types import AudioSource, Job, Recording, Segment, Step, TimedWrite, Trace


def talk(name: str, seed: int) -> tuple[Trace, Recording]:
    """Twelve sentences; the speaker's words come 0.1 s later with each of them, and jitter."""
    draws = np.random.default_rng(seed)
    segments = tuple(Segment(str(i), i * 5.0, i * 5.0 + 5,
                             references={"de": (f"a{i} b{i} c{i}",)}) for i in range(12))
    said = sorted((i * 5 + 1 + k + 0.1 * i + float(draws.normal(0, 0.2)), f"{w}{i} ")
                  for i in range(12) for k, w in enumerate("abc"))
    steps = tuple(Step(at, at, (Job(j, "system", at, at),), (TimedWrite(j, 0.0, word),))
                  for j, (at, word) in enumerate(said))
    return (Trace("s", name, "de", 60.0, steps, clock="simulated"),
            Recording(name, AudioSource(Path("x.wav"), 0.0, 60.0), "en", ("de",), segments))


def test_one_talk_has_sens_interval() -> None:
    trace, recording = talk("t", 0)
    (found,) = score([trace], [recording], ["LatencyDrift"]).corpus
    assert found.ci95 is not None and found.n_clusters == 1
    assert found.ci95[0] < found.value < found.ci95[1] and found.ci95[1] - found.ci95[0] > 50
    assert "interval:own; conditional on this talk" in found.signature
    again = score([trace, replace(trace, repeat=1)], [recording], ["LatencyDrift"])
    assert again.get("LatencyDrift").ci95 == pytest.approx(found.ci95)


def test_several_talks_have_theirs_over_talks() -> None:
    traces, recordings = zip(*(talk(name, seed) for seed, name in enumerate("ab")), strict=True)
    (found,) = score(traces, recordings, ["LatencyDrift"]).corpus
    assert found.ci95 is not None and "jackknife" in found.signature


def test_a_difference_on_one_talk_has_no_interval_of_width_zero() -> None:
    samples = []
    for seed in (0, 1):
        trace, recording = talk("t", seed)
        made = scorer([trace], [recording], ["LatencyDrift"])
        samples.append(made.sample(made.metrics[0]))
    assert paired.compare(*samples).interval is None
