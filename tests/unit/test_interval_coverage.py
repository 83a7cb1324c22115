"""How often intervals hold the truth, by simulation (`make slow`)."""

import numpy as np
import pytest

from s2st_bench import blocks, stats, student
from s2st_bench.compare import matched
from s2st_bench.metric import MeanMetric
from s2st_bench.sample import Sample
from s2st_bench.text_counts import bleu
from s2st_bench.types import MetricSpec

RUNS = 4000
PERCENTILE_RUNS = 1000


def ratio(totals):
    return totals[..., 0] / totals[..., 1]


def draw(rng, kind, runs, k, icc, skewed):
    """Cluster sums ``[runs, k, s]`` and sizes ``[runs, k]``: lognormal effects shared inside a
    cluster, clusters of 8-12 items or (skewed) of lognormal sizes.
    """
    drawn = rng.lognormal(2.0, 1.0, runs * k) if skewed else rng.integers(8, 13, runs * k)
    sizes = np.maximum(1, np.round(drawn)).astype(int)
    cluster = np.repeat(np.arange(runs * k), sizes)
    n = len(cluster)
    effect = (rng.normal(size=runs * k)[cluster] * np.sqrt(icc)
              + rng.normal(size=n) * np.sqrt(1 - icc))
    if kind == "mean":
        rows = np.stack([3 + np.exp(0.7 * effect), np.ones(n)], axis=1)
    elif kind == "ratio":
        length = rng.integers(5, 40, n).astype(float)
        rows = np.stack([length * np.exp(0.5 * effect), length], axis=1)
    else:
        length = rng.integers(5, 40, n)
        hit = 1 / (1 + np.exp(-(0.3 + 0.6 * effect)))
        total = np.stack([length - i for i in range(4)], axis=1)
        correct = np.stack([rng.binomial(total[:, i], hit ** (1 + 0.8 * i)) for i in range(4)], 1)
        ref = np.maximum(1, np.round(length * np.exp(0.1 * rng.normal(size=n) + 0.05)))
        rows = np.concatenate([length[:, None], ref[:, None], correct, total], axis=1)
    starts = np.cumsum(sizes) - sizes
    sums = np.add.reduceat(rows, starts, axis=0)
    return sums.reshape(runs, k, -1), sizes.reshape(runs, k).astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize("icc", [0.05, 0.2])
@pytest.mark.parametrize("kind", ["mean", "ratio", "bleu"])
def test_default_interval_covers(kind, icc, skewed, capsys) -> None:
    value = bleu if kind == "bleu" else ratio
    rng = np.random.default_rng(20260)
    truth = value(sum(draw(rng, kind, 1, 20_000, icc, skewed)[0].sum(axis=(0, 1))
                      for _ in range(20)))
    for k in (5, 10, 30, 100):
        sums, sizes = draw(rng, kind, RUNS, k, icc, skewed)
        totals = sums.sum(axis=1)
        estimate = value(totals)
        variance = stats.jackknife_variance(estimate, value(totals[:, None] - sums))
        half = student.quantile(0.975, stats.degrees_of_freedom(sizes)) * np.sqrt(variance)
        for run in range(5):  # the arrays above are the library's interval
            found = stats.interval(lambda w, one=sums[run]: value(w @ one), sizes[run])
            assert found.bounds == pytest.approx(
                (estimate[run] - half[run], estimate[run] + half[run]))
        default = np.mean(np.abs(estimate - truth) <= half)
        weights = stats.resample_counts(k, 300, seed=1)
        drawn = value(np.matmul(weights, sums[:PERCENTILE_RUNS]))
        low, high = np.percentile(drawn, [2.5, 97.5], axis=1)
        percentile = np.mean((low <= truth) & (truth <= high))
        with capsys.disabled():
            print(f"\n{kind:5} icc={icc} skewed={skewed} clusters={k:3}: default "
                  f"{default:.1%}, percentile bootstrap {percentile:.1%}", end="")
        assert default >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.4])
@pytest.mark.parametrize("n", [30, 100, 400])
def test_interval_inside_one_talk_covers(n, correlation, capsys) -> None:
    """Ratios over neighbouring segments, autoregressive of the given correlation."""
    rng = np.random.default_rng(7)
    runs, hits = 1000, 0
    noise = rng.normal(size=(runs, n + 50))
    for i in range(1, n + 50):
        noise[:, i] = correlation * noise[:, i - 1] + np.sqrt(1 - correlation**2) * noise[:, i]
    length = rng.integers(5, 40, (runs, n)).astype(float)
    talk = np.zeros(n, dtype=np.intp)
    for effect, words in zip(noise[:, 50:], length, strict=True):
        rows = np.stack([words * np.exp(0.5 * effect), words], axis=1)
        found = blocks.moving_block_t(lambda w, rows=rows: ratio(w @ rows), talk, n_resamples=200)
        hits += found.low <= np.exp(0.125) <= found.high
    with capsys.disabled():
        print(f"\none talk of {n} segments, correlation {correlation}: {hits / runs:.1%}", end="")
    # 93 % less two standard errors of the simulation
    assert hits / runs >= 0.93 - 2 * np.sqrt(0.93 * 0.07 / runs)


class Mean(MeanMetric):
    spec = MetricSpec("Mean", "", True)

    def item_value(self, item):
        raise NotImplementedError


def point(latency, quality):
    n = len(latency)
    return matched.Point(*[
        Sample(Mean(), np.stack([values, np.ones(n)], axis=1), tuple(map(str, range(n))),
               np.arange(n)) for values in (latency, quality)])


@pytest.mark.slow
@pytest.mark.parametrize("k", [5, 10, 30, 100])
def test_bands_at_matched_latency_cover(k, capsys) -> None:
    """Two straight curves, one 200 ms later and better; lognormal difficulty moves both axes."""
    rng = np.random.default_rng(3)
    runs, pointwise, simultaneous = 1000, 0.0, 0
    for seed in range(runs):
        hard = np.exp(0.5 * rng.normal(size=k)) - np.exp(0.125)
        first, second = (
            [point(lag + late + 300 * hard + rng.normal(0, 100, k),
                   10 + better + 0.01 * lag + 3 * hard + rng.normal(0, 2, k)) for lag in lags]
            for late, better, lags in ((200, 2, (500, 1000, 1500, 2500)),
                                       (0, 0, (400, 1200, 2000, 3000)))
        )
        found = matched.matched(first, second, n_resamples=400, seed=seed)
        truth = 2 - 0.01 * 200
        pointwise += np.mean((found.pointwise[0] <= truth) & (truth <= found.pointwise[1])) / runs
        simultaneous += np.all((found.simultaneous[0] <= truth)
                               & (truth <= found.simultaneous[1]))
    with capsys.disabled():
        print(f"\nmatched latency, clusters={k:3}: pointwise {pointwise:.1%}, simultaneous "
              f"{simultaneous / runs:.1%}", end="")
    assert pointwise >= 0.93 and simultaneous / runs >= 0.93
