"""Intervals and paired tests: closed forms, exact enumerations, coverage by simulation."""

import numpy as np
import pytest

from s2st_bench import stats, student
from s2st_bench.errors import UsageError
from s2st_bench.metric import MeanMetric, Metric
from s2st_bench.metrics.quality.bleu import BLEU
from s2st_bench.text_counts import bleu
from s2st_bench.types import MetricSpec


def mean_of(values):
    rows = np.stack([np.asarray(values, float), np.ones(len(values))], axis=1)
    return lambda weights: (weights @ rows)[:, 0] / (weights @ rows)[:, 1]


@pytest.mark.parametrize("dof, expected", [  # standard tables
    (1, 12.7062), (2, 4.30265), (4, 2.77645), (9, 2.26216), (29, 2.04523), (1000, 1.96234)])
def test_t_quantile(dof, expected) -> None:
    assert student.quantile(0.975, dof) == pytest.approx(expected, abs=2e-5)


def test_t_quantile_of_broken_degrees_lies_between_and_bad_ones_are_refused() -> None:
    assert student.quantile(0.975, 3) < student.quantile(0.975, 2.5) < student.quantile(0.975, 2)
    with pytest.raises(UsageError):
        student.quantile(0.975, 0.5)


def test_jackknife_of_a_mean_is_the_t_interval() -> None:
    values = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    found = stats.jackknife_t(mean_of(values), np.ones(5))
    half = 2.776445 * values.std(ddof=1) / np.sqrt(5)
    assert found.bounds == pytest.approx((4 - half, 4 + half), abs=1e-5)


def test_one_cluster_has_no_interval_and_equal_values_have_none_wide() -> None:
    for make in (stats.jackknife_t, stats.bootstrap_t):
        assert make(mean_of([3.0]), np.ones(1)) is None
        assert make(mean_of([3.0] * 4), np.ones(4)).bounds == (3.0, 3.0)
    assert stats.percentile(mean_of([3.0]), 1) is None


def test_unequal_clusters_have_fewer_degrees_of_freedom() -> None:
    assert stats.degrees_of_freedom(np.full(7, 12.0)) == pytest.approx(6)
    assert 1 <= stats.degrees_of_freedom(np.array([100.0, 1, 1, 1, 1])) < 1.1


def test_resamples_draw_as_many_clusters_as_there_are_and_repeat_by_seed() -> None:
    counts = stats.resample_counts(7, 50, seed=3)
    assert (counts.sum(axis=1) == 7).all()
    assert (counts == stats.resample_counts(7, 50, seed=3)).all()
    assert (counts != stats.resample_counts(7, 50, seed=4)).any()
    big = stats.resample_counts(5, 20_000, seed=0)
    assert big.mean(axis=0) == pytest.approx(np.ones(5), abs=0.03)
    assert big.var(axis=0) == pytest.approx(np.full(5, 0.8), abs=0.05)  # multinomial: 1 - 1/k


def test_clusters_are_drawn_whole() -> None:
    metric = BLEU()
    rows = np.random.default_rng(1).integers(1, 9, (6, 10)).astype(float)
    codes, n = stats.codes(["a", "b", "a", "c", "c", "c"])
    statistic = stats.of_clusters(metric, rows, codes, n)
    weights = np.array([[2.0, 0.0, 1.0]])
    by_hand = bleu(2 * (rows[0] + rows[2]) + rows[3:].sum(axis=0))
    assert statistic(weights) == pytest.approx(np.atleast_1d(by_hand))


def test_metrics_that_are_no_sums_are_resampled_item_by_item() -> None:
    class Median(MeanMetric):
        spec = MetricSpec("median", "ms", False)

        def item_value(self, item):
            raise NotImplementedError

        def aggregate(self, stats, weights):
            return np.array([np.median(np.repeat(stats[:, 0], w.astype(int))) for w in weights])

    rows = np.stack([np.array([1.0, 9.0, 5.0, 7.0]), np.ones(4)], axis=1)
    codes, n = stats.codes(["a", "a", "b", "c"])
    statistic = stats.of_clusters(Median(), rows, codes, n)
    assert statistic(np.array([[1.0, 0.0, 1.0]])).tolist() == [7.0]
    assert not stats.smooth(Median()) and stats.smooth(BLEU())
    found = stats.interval(statistic, np.array([2.0, 1, 1]), smooth=False)
    assert found.method == "bootstrap-t(1000)" and found.seed == stats.SEED


def test_sign_flips_are_exact_for_few_clusters() -> None:
    a, b = np.array([3.0, 4.0, 5.0, 6.0]), np.array([1.0, 1.0, 1.0, 7.0])

    def over_both(weights):
        values = np.concatenate([a, b])
        return weights @ values / weights.sum(axis=1)

    found = stats.approximate_randomisation(stats.swap_difference(over_both, over_both), 4)
    signs = np.array(np.meshgrid(*[[1, -1]] * 4)).reshape(4, -1).T
    expected = np.mean(np.abs(signs @ (a - b)) >= abs((a - b).sum()) - 1e-12)
    assert found.difference == pytest.approx((a - b).mean())
    assert found.p_value == expected and found.method == "exact-sign-flip"


def test_paired_tests_keep_their_level_and_find_a_real_difference() -> None:
    rng = np.random.default_rng(5)
    small = {"bootstrap": 0, "randomisation": 0}
    for seed in range(200):
        common = rng.normal(size=20)
        a, b = common + rng.normal(size=20), common + rng.normal(size=20)
        both = np.concatenate([a, b])
        swapped = stats.swap_difference(*[lambda w, v=both: w @ v / w.sum(axis=1)] * 2)
        small["bootstrap"] += stats.paired_bootstrap(
            mean_of(a), mean_of(b), 20, n_resamples=200, seed=seed).p_value < 0.05
        small["randomisation"] += stats.approximate_randomisation(
            swapped, 20, n_resamples=200, seed=seed).p_value < 0.05
    assert small["bootstrap"] <= 30 and small["randomisation"] <= 20
    far = stats.paired_bootstrap(mean_of(np.arange(20) + 5.0), mean_of(np.arange(20)), 20)
    assert far.difference == pytest.approx(5) and far.p_value < 0.01
    with pytest.raises(UsageError):
        stats.paired_bootstrap(mean_of([1.0]), mean_of([2.0]), 1)


def test_a_metric_is_what_aggregate_says() -> None:
    assert stats.smooth(BLEU()) == (BLEU.aggregate is Metric.aggregate)


@pytest.mark.parametrize("k", [2, 5, 30_001])
def test_resamples_are_the_same_drawn_in_blocks(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "_BLOCK_CELLS", 7 * k)
    blocks = list(stats.resample_blocks(k, 20, seed=3))
    assert [len(block) for block in blocks] == [7, 7, 6]
    drawn = np.random.default_rng(3).integers(k, size=(20, k))
    wanted = [np.bincount(row, minlength=k) for row in drawn]
    assert (np.concatenate(blocks) == wanted).all()
    assert (stats.resample_counts(k, 20, 3) == wanted).all()
