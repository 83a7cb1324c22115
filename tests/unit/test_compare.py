"""Systems against each other: closed forms, exact enumeration, what must be refused."""

from itertools import product

import numpy as np
import pytest

from s2st_bench import blocks, stats, student
from s2st_bench.compare import holm, matched, paired, points, ranks
from s2st_bench.compare.seeds import matched_over_seeds
from s2st_bench.errors import NotComparable, UsageError
from s2st_bench.metric import MeanMetric
from s2st_bench.metrics.quality.bleu import BLEU
from s2st_bench.sample import Joint, Sample
from s2st_bench.text_counts import bleu
from s2st_bench.types import MetricSpec


class Lag(MeanMetric):
    spec = MetricSpec("Lag", "ms", False)

    def item_value(self, item):
        raise NotImplementedError


class Merit(Lag):
    spec = MetricSpec("Merit", "", True)


class MedianLag(Lag):
    spec = MetricSpec("MedianLag", "ms", False)

    def aggregate(self, stats, weights):
        return np.array([np.median(np.repeat(stats[:, 0], w.astype(int))) for w in weights])


def sample(values, metric=None, clusters=None):
    rows = np.stack([np.asarray(values, float), np.ones(len(values))], axis=1)
    names = clusters or [f"c{i}" for i in range(len(values))]
    return Sample(metric or Lag(), rows, tuple(names), np.arange(len(values)))


def counts(rng, n, hit):
    length = rng.integers(8, 30, n)
    total = np.stack([length - i for i in range(4)], axis=1)
    correct = np.stack([rng.binomial(total[:, i], hit ** (i + 1)) for i in range(4)], axis=1)
    return np.concatenate([length[:, None], length[:, None], correct, total], 1).astype(float)


# --- paired -----------------------------------------------------------------------------------


def test_paired_difference_of_means_is_the_t_interval_and_all_flips() -> None:
    a, b = np.array([5.0, 7.0, 9.0, 8.0, 12.0]), np.array([4.0, 8.0, 5.0, 7.0, 6.0])
    found = paired.compare(sample(a), sample(b))
    d = a - b
    half = float(student.quantile(0.975, 4)) * d.std(ddof=1) / np.sqrt(5)
    assert (found.system, found.baseline, found.difference) == pytest.approx((8.2, 6.0, 2.2))
    assert found.interval.bounds == pytest.approx((2.2 - half, 2.2 + half))
    flips = [abs(np.dot(s, d)) >= abs(d.sum()) - 1e-9 for s in product((1, -1), repeat=5)]
    assert found.p_value == np.mean(flips) and found.test == "exact-sign-flip"
    assert found.smallest_p == 2 / 32 and not found.can_be_significant
    assert found.n_clusters == 5 and found.n_scored == (5, 5)


@pytest.mark.parametrize("k", [2, 3, 5, 6])
def test_smallest_p_is_reached_by_the_largest_difference(k) -> None:
    found = paired.compare(sample(np.arange(k) + 100.0), sample(np.arange(k)))
    assert found.p_value == found.smallest_p == 2.0 ** (1 - k)
    assert found.can_be_significant == (k >= 6)


def test_bleu_is_compared_on_its_counts_and_swaps_are_of_whole_clusters() -> None:
    rng = np.random.default_rng(4)
    one, two = counts(rng, 40, 0.6), counts(rng, 40, 0.5)
    names = tuple(f"talk{i % 8}" for i in range(40))
    order = np.arange(40)
    joint = Joint([Sample(BLEU(), one, names, order), Sample(BLEU(), two, names, order)])
    mask = np.array([[1.0, 0, 0, 1, 0, 0, 0, 1]])
    swapped = mask[0, order % 8] == 1
    by_hand = (bleu(np.where(swapped[:, None], two, one).sum(axis=0))
               - bleu(np.where(swapped[:, None], one, two).sum(axis=0)))
    assert joint.swapped()(mask) == pytest.approx(np.atleast_1d(by_hand))
    found = paired.compare(*joint.samples)
    assert found.difference == pytest.approx(bleu(one.sum(axis=0)) - bleu(two.sum(axis=0)))
    assert found.p_value < 0.05 and found.bootstrap_p < 0.05 and found.interval.low > 0


def test_metrics_that_are_no_sums_are_swapped_item_by_item() -> None:
    a, b = sample([1.0, 9, 5, 7], MedianLag()), sample([2.0, 2, 6, 6], MedianLag())
    joint = Joint([a, b])
    assert joint.swapped()(np.array([[0.0, 1, 0, 0], [0.0, 0, 0, 0]])).tolist() == [-2.5, 2.0]
    found = paired.compare(a, b)
    assert found.difference == 2.0 and found.interval.method.startswith("bootstrap-t")


def test_leaving_clusters_out_of_sums_is_leaving_them_out_of_weights() -> None:
    rng = np.random.default_rng(4)
    names = tuple(f"talk{i % 8}" for i in range(40))
    joint = Joint([Sample(BLEU(), counts(rng, 40, hit), names, np.arange(40))
                   for hit in (0.6, 0.5)])
    weights = np.concatenate(list(stats.leave_one_out(8)))
    by_weights = np.stack([statistic(weights) for statistic in joint.statistics], axis=1)
    assert joint.without_each() == pytest.approx(by_weights)
    long_way = stats.jackknife_t(
        lambda w: joint.statistics[0](w) - joint.statistics[1](w), joint.sizes)
    assert joint.interval(lambda v: v[0] - v[1]).bounds == pytest.approx(long_way.bounds)
    with pytest.raises(UsageError, match="sums"):
        Joint([sample([1.0, 2.0], MedianLag())]).without_each()


def test_systems_scored_on_different_items_keep_their_published_values() -> None:
    a = sample([1.0, 2.0, 3.0], clusters=["x", "y", "z"])
    b = sample([1.0, 5.0], clusters=["x", "z"])
    found = paired.compare(a, b)
    assert (found.system, found.baseline, found.n_scored) == (2.0, 3.0, (3, 2))
    assert found.n_clusters == 3


def test_one_system_against_itself_is_no_finding() -> None:
    values = np.random.default_rng(0).normal(size=30)
    found = paired.compare(sample(values), sample(values))
    assert (found.difference, found.p_value, found.bootstrap_p) == (0.0, 1.0, 1.0)
    assert found.interval.bounds == (0.0, 0.0)


def test_what_is_undefined_in_a_resample_counts_against_the_finding() -> None:
    def broken(weights):
        return np.where(weights[:, 0] == 1, 1.0, np.nan)

    found = stats.paired_bootstrap(broken, lambda w: np.zeros(len(w)), 8)
    assert found.p_value == 1.0


def test_empty_samples_and_two_metrics_are_refused() -> None:
    with pytest.raises(UsageError, match="no scored item"):
        paired.compare(sample([1.0]), sample([]))
    with pytest.raises(UsageError, match="two metrics"):
        paired.compare(sample([1.0]), sample([1.0], Merit()))


# --- one or two talks -------------------------------------------------------------------------


def test_one_talk_gets_an_interval_that_says_what_it_is() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(10, 2, 100)
    found = Joint([sample(values, clusters=["talk"] * 100)]).interval(lambda v: v[0])
    assert "conditional on this talk" in found.method and found.seed == stats.SEED
    assert found.low < values.mean() < found.high
    assert found.high - found.low == pytest.approx(4 * 2 / 10, rel=0.4)
    pair = paired.compare(sample(values, clusters=["talk"] * 100),
                          sample(values - 3, clusters=["talk"] * 100))
    assert pair.interval.bounds == pytest.approx((3, 3)) and pair.p_value is None


def test_neighbours_that_agree_widen_it() -> None:
    values = np.repeat(np.random.default_rng(2).normal(10, 2, 25), 4)
    shuffled = np.random.default_rng(3).permutation(values)
    wide, narrow = (
        Joint([sample(v, clusters=["talk"] * 100)]).interval(lambda x: x[0])
        for v in (values, shuffled)
    )
    assert wide.high - wide.low > 1.4 * (narrow.high - narrow.low)


def test_repeats_of_a_segment_are_not_more_evidence() -> None:
    values = np.random.default_rng(2).normal(10, 2, 50)
    once = sample(values, clusters=["talk"] * 50)
    twice = Sample(Lag(), np.repeat(once.stats, 2, axis=0), ("talk",) * 100,
                   np.repeat(np.arange(50), 2))
    bounds = [Joint([s]).interval(lambda v: v[0]).bounds for s in (once, twice)]
    assert bounds[0] == pytest.approx(bounds[1])


def test_short_or_many_talks_have_none_of_it() -> None:
    assert not blocks.applies(np.zeros(blocks.FEWEST_SEGMENTS - 1, dtype=np.intp))
    assert not blocks.applies(np.repeat([0, 1, 2], 50))
    assert blocks.applies(np.repeat([0, 1], 50))
    assert Joint([sample([1.0, 2.0], clusters=["t", "t"])]).interval(lambda v: v[0]) is None


# --- families and ranks -----------------------------------------------------------------------


def test_holm_by_hand() -> None:
    assert holm.adjust([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert holm.adjust([0.9, 0.8]) == [1.0, 1.0] and holm.adjust([]) == []
    rows = [("BLEU", "low", 0.02), ("AL", "low", 0.02), ("BLEU", "low", 0.5),
            ("BLEU", "high", 0.04)]
    found = holm.adjust_within(rows, lambda r: r[:2], lambda r: r[2])
    assert found == pytest.approx([0.04, 0.02, 0.5, 0.04])


@pytest.mark.parametrize("t, dof, p", [  # 2 * scipy.stats.t.sf
    (2.0, 3.0, 0.13932596855884305), (0.5, 7.5, 0.6314109646224546),
    (12.0, 4.0, 0.000276428548502973), (9.0, 30.0, 5.014831916147889e-10)])
def test_two_sided_p_of_t(t, dof, p) -> None:
    assert float(student.two_sided(t, dof)) == pytest.approx(p, rel=1e-9)
    assert float(student.two_sided(-t, dof)) == pytest.approx(p, rel=1e-9)


def test_pairwise_p_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(size=25)
    systems = [base + rng.normal(0, 0.3, 25) + shift for shift in (0.0, 0.1, 2.0)]
    found = ranks.pairwise_p(Joint([sample(s) for s in systems]))
    d = systems[0] - systems[1]
    t = d.mean() / (d.std(ddof=1) / 5)
    assert found[0, 1] == pytest.approx(float(student.two_sided(t, 24)))
    assert np.diag(found).tolist() == [1.0] * 3


def test_ranks_show_ties_and_the_clear_last() -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(size=40)
    lags = [base + rng.normal(0, 0.3, 40) + shift for shift in (9.0, 0.0, 0.02)]
    joint = Joint([sample(s) for s in lags])
    assert [str(r) for r in ranks.rank_ranges(joint)] == ["3", "1-2", "1-2"]
    merits = Joint([sample(s, Merit()) for s in lags])
    assert [str(r) for r in ranks.rank_ranges(merits)] == ["1", "2-3", "2-3"]
    alike = Joint([sample(base), sample(base)])
    assert [str(r) for r in ranks.rank_ranges(alike)] == ["1-2", "1-2"]
    shifted = Joint([sample(base), sample(base + 1)])
    assert [str(r) for r in ranks.rank_ranges(shifted)] == ["1", "2"]
    medians = Joint([sample(s, MedianLag()) for s in lags])
    assert [str(r) for r in ranks.rank_ranges(medians)] == ["3", "1-2", "1-2"]


# --- matched latency --------------------------------------------------------------------------


def curve(rng, base, lags, merits):
    n = len(base)
    return [matched.Point(sample(base + lag + rng.normal(0, 20, n)),
                          sample(merit + 0.02 * base + rng.normal(0, 0.5, n), Merit()))
            for lag, merit in zip(lags, merits, strict=True)]


def test_interpolation_is_linear_inside_and_nothing_outside() -> None:
    latency = np.array([[300.0, 100.0, 200.0], [100.0, 100.0, 200.0], [np.nan, 1.0, 2.0]])
    quality = np.array([[9.0, 1.0, 5.0], [1.0, 3.0, 5.0], [1.0, 2.0, 3.0]])
    found = matched.interpolate(latency, quality, np.array([50.0, 100, 150, 250, 300, 301]))
    assert found[0, 1:5].tolist() == [1.0, 3.0, 7.0, 9.0]
    assert np.isnan(found[0, [0, 5]]).all() and np.isnan(found[2]).all()
    assert found[1, 2] == 4.0 and np.isfinite(found[1, 1])


def test_matched_latency_finds_the_gap_where_both_reach() -> None:
    rng = np.random.default_rng(3)
    base = rng.normal(0, 100, 60)
    lags = [500.0, 1000.0, 1500.0, 2000.0]
    one = curve(rng, base, [lag + 400 for lag in lags], [12 + 0.004 * lag for lag in lags])
    two = curve(rng, base, lags, [10 + 0.004 * lag for lag in lags])
    found = matched.matched(one, two)
    assert found.overlap == pytest.approx((900, 2000), abs=40)
    assert found.overlap[0] <= found.latency[0] < found.latency[-1] <= found.overlap[1]
    assert found.difference == pytest.approx(np.full(len(found.latency), 2 - 0.004 * 400), abs=0.5)
    point, band = found.pointwise, found.simultaneous
    assert (band[0] <= point[0]).all() and (point[1] <= band[1]).all()
    assert (band[1] - band[0]).mean() > 1.1 * (point[1] - point[0]).mean()
    assert (point[0] > 0).mean() > 0.5
    same = matched.matched(two, two)
    assert same.difference == pytest.approx(np.zeros(len(same.latency)))


def test_noise_of_the_latency_axis_is_in_the_band() -> None:
    rng = np.random.default_rng(3)
    steep = [0.0, 40.0]

    def side(spread):
        return [matched.Point(sample(lag + rng.normal(0, spread, 60)),
                              sample(merit + rng.normal(0, 0.1, 60), Merit()))
                for lag, merit in zip([0.0, 1000.0], steep, strict=True)]

    widths = [np.mean(np.subtract(*found.pointwise[::-1]))
              for found in (matched.matched(side(s), side(s)) for s in (1.0, 200.0))]
    assert widths[1] > 5 * widths[0]


def test_curves_that_cannot_be_matched_are_refused() -> None:
    rng = np.random.default_rng(3)
    base = rng.normal(0, 10, 20)
    early, late = (curve(rng, base, lags, [1.0, 2.0]) for lags in ([100, 200], [900, 999]))
    with pytest.raises(NotComparable, match="share no latency"):
        matched.matched(early, late)
    with pytest.raises(NotComparable, match="one operating point"):
        matched.matched(early, late[:1])
    one = [matched.Point(sample([lag], clusters=["t"]), sample([1.0], Merit(), ["t"]))
           for lag in (1.0, 2.0)]
    with pytest.raises(NotComparable, match="one cluster"):
        matched.matched(one, one)
    with pytest.raises(UsageError, match="several metrics"):
        matched.matched(early, [matched.Point(p.latency, p.latency) for p in early])


def seeded(rng, base, shifts, gain):
    """Curves of some seeds, each of which shifts all merits; ``gain`` is the same for all."""
    lags = [500.0, 1000.0, 1500.0, 2000.0]
    return [curve(rng, base, lags, [10 + shift + gain + 0.004 * lag for lag in lags])
            for shift in shifts]


def test_over_seeds_the_spread_between_seeds_is_in_the_band() -> None:
    rng = np.random.default_rng(4)
    base = rng.normal(0, 100, 60)
    plain = seeded(rng, base, [0, 0, 0], 0.0)
    steady = matched_over_seeds(seeded(rng, base, [0, 0, 0], 2.0), plain)
    shaky = matched_over_seeds(seeded(rng, base, [-2, 0, 2], 2.0), plain)
    for found in (steady, shaky):
        assert found.difference == pytest.approx(np.full(len(found.latency), 2.0), abs=0.5)
    assert (steady.pointwise[0] > 0).all()
    assert (shaky.pointwise[0] < 0).all()
    assert (shaky.simultaneous[0] <= shaky.pointwise[0]).all()


def test_one_seed_is_no_claim() -> None:
    rng = np.random.default_rng(4)
    base = rng.normal(0, 100, 20)
    curves = seeded(rng, base, [0.0, 0.0], 1.0)
    with pytest.raises(NotComparable, match="one seed: no claim"):
        matched_over_seeds(curves[:1], curves[1:])
    with pytest.raises(UsageError, match="2 seeds of the first, 1 of the second"):
        matched_over_seeds(curves, curves[1:])
    with pytest.raises(NotComparable, match="different recordings"):
        few = seeded(rng, base[:9], [0.0], 0.0)
        matched_over_seeds([curves[0], *few], [curves[1], *few])


def test_dominance_needs_both_axes() -> None:
    rng = np.random.default_rng(5)
    base = rng.normal(0, 10, 40)
    (fast_good,) = curve(rng, base, [500.0], [20.0])
    others = curve(rng, base, [900.0, 300.0, 200.0], [10.0, 10.0, 40.0])
    found = points.dominance(fast_good, others)
    assert [row.verdict for row in found] == ["dominates", "undecided", "dominated"]
    assert found[0].latency == pytest.approx(-400, abs=20)
    assert found[0].quality == pytest.approx(10, abs=1)
    assert found[1].p_value == 1.0


def test_the_point_within_a_budget_is_chosen_on_dev() -> None:
    latency, quality = np.array([400.0, 900, 1500, 800]), np.array([10.0, 20, 30, 20])
    assert points.choose(latency, quality, 1000) == 3  # of equal quality, the faster
    assert points.choose(latency, quality, 9000) == 2
    assert points.choose(latency, quality, 100) is None
