"""The gate's error rates by simulation, on real sufficient statistics of BLEU and chrF.

Each of 120 recordings has twelve outputs that a system might give: a word is right by a draw that
all systems share (what is hard is hard for both), of which each output draws 5 % anew (what moves
between two nights).  A rerun takes one output a recording; its latencies are drawn beside them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from s2st_bench.gate.decide import Outcome, decide
from s2st_bench.gate.evidence import Evidence, Measured
from s2st_bench.gate.rules import Margin, Rules, load
from s2st_bench.items import items
from s2st_bench.metric import Floats, Metric
from s2st_bench.scoring import make_metrics
from s2st_bench.types import AudioSource, Recording, Segment, Step, TimedWrite, Trace

N, VARIANTS = 120, 12
CLUSTERS = tuple(f"r{i}" for i in range(N))
GATED = ("BLEU", "chrF", "LAAL_pen", "LAAL_CA_pen")


class Pool:
    """Statistics of every output a system might give: ``float64[N, VARIANTS, s]`` a metric."""

    def __init__(self, hit: float, seed: int) -> None:
        draws = np.random.default_rng(seed)
        words = [f"w{i}" for i in range(400)]
        made: dict[str, list[list[Floats]]] = {"BLEU": [], "chrF": []}
        self.metrics: dict[str, Metric] = {m.name: m for m in make_metrics(list(made))}
        texts = np.random.default_rng(7)  # the corpus is the same for all systems
        for i in range(N):
            reference = list(texts.choice(words, texts.integers(8, 40)))
            skill = hit + texts.normal(0, 0.12)  # some recordings are harder for everybody
            hard = texts.random(len(reference))
            for rows in made.values():
                rows.append([])
            for _ in range(VARIANTS):
                moved = np.where(draws.random(len(hard)) < 0.05, draws.random(len(hard)), hard)
                said = " ".join(w if luck < skill else "x"
                                for w, luck in zip(reference, moved, strict=True))
                for name, metric in self.metrics.items():
                    found = metric.stats(_item(i, said, " ".join(reference)))
                    assert isinstance(found, np.ndarray)
                    made[name][-1].append(found)
        self.stats = {name: np.array(rows) for name, rows in made.items()}

    def run(self, draws: np.random.Generator, slower_ms: float = 0.0) -> Evidence:
        """One run of the system."""
        chosen = draws.integers(VARIANTS, size=N)
        found = {}
        for name, metric in self.metrics.items():
            rows = self.stats[name][np.arange(N), chosen]
            value = metric.value(rows.sum(axis=0))
            found[name] = _measured(name, float(value), metric.value(rows.sum(axis=0) - rows), "%")
        typical = np.random.default_rng(3).normal(1800, 500, N)
        for name in GATED[2:]:
            lags = typical + slower_ms + draws.normal(0, 180, N)
            total = lags.sum()
            found[name] = _measured(name, total / N, (total - lags) / (N - 1), "ms")
        return Evidence("run", "sys", "corpus", "f00d", "en", "de", "simulated", "CPU x2",
                        "finished", N, (), 0, CLUSTERS, found)


def _measured(name: str, value: float, without: Floats, unit: str) -> Measured:
    return Measured(value, unit, unit == "%", N, N, f"metric:{name}", "", (1,) * N,
                    tuple(without.tolist()))


def _item(i: int, said: str, reference: str):  # type: ignore[no-untyped-def]
    recording = Recording(f"r{i}", AudioSource(Path("x.wav"), 0, 6.0), "en", ("de",),
                          (Segment(f"r{i}", 0, 6, references={"de": (reference,)}),))
    trace = Trace("sys", f"r{i}", "de", 6.0, (Step(6.0, 6.0, (), (TimedWrite(-1, 0.0, said),)),),
                  clock="ideal")
    return items(trace, recording)[0]


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load().only(GATED)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool(0.75, 1)


def outcomes(
    rules: Rules, baseline: Pool, run: Pool, n: int, slower_ms: float = 0.0
) -> list[dict[str, Outcome]]:
    draws = np.random.default_rng(11)
    return [{v.name: v.outcome for v in
             decide(run.run(draws, slower_ms), baseline.run(draws), rules).verdicts}
            for _ in range(n)]


@pytest.mark.slow
def test_pure_noise_is_at_most_once_in_a_hundred_a_regression(pool: Pool, rules: Rules) -> None:
    """Even with no margin to hide in; a regression with one is a regression without."""
    bare = Rules({name: Margin(0.0) for name in rules.margins}, {}, rules.alpha)
    found = outcomes(bare, pool, pool, 1000)
    assert sum("regression" in one.values() for one in found) <= 10


@pytest.mark.slow
def test_three_bleu_lost_are_found(pool: Pool, rules: Rules) -> None:
    draws = np.random.default_rng(5)
    worse = Pool(0.7315, 2)
    bleu = [np.mean([p.run(draws).metrics["BLEU"].value for _ in range(200)])
            for p in (pool, worse)]
    assert 2.8 <= bleu[0] - bleu[1] <= 3.2  # what is simulated is a loss of 3
    found = outcomes(rules, pool, worse, 400)
    assert np.mean(["regression" in one.values() for one in found]) >= 0.8


@pytest.mark.slow
def test_a_fifth_of_a_second_is_found(pool: Pool, rules: Rules) -> None:
    found = outcomes(rules, pool, pool, 1000, slower_ms=200.0)
    assert np.mean([one["LAAL_CA_pen"] == "regression" for one in found]) >= 0.99
