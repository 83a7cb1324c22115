"""The difference of two systems on one metric: interval, and tests over clusters.

Both systems are resampled with the same clusters, each with all items it could be scored on, so
that the two values are the ones that are published.  Which items those are may differ (a latency
has no value for silence): the counts say so, and the penalised variants score every item.

*Interval*: the default of :class:`~s2st_bench.sample.Joint`.  *p*: approximate randomisation
(Riezler & Maxwell 2005), all sign flips up to twelve clusters; the paired bootstrap (Koehn 2004)
beside it.  k clusters have 2^k flips, of which two are as far out as what was seen, so that no p
is below 2^(1-k): under six clusters none below 0.05, whatever the difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from s2st_bench import stats
from s2st_bench.errors import UsageError
from s2st_bench.sample import Joint, Sample

ALPHA = 0.05
RANDOMISATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Difference:
    """System minus baseline on one metric."""

    metric: str
    unit: str
    higher_is_better: bool | None
    system: float
    baseline: float
    difference: float
    interval: stats.Interval | None
    p_value: float | None
    """None for one cluster."""
    test: str
    smallest_p: float | None
    """What the test could have said at most with so many clusters."""
    bootstrap_p: float | None
    n_clusters: int
    n_scored: tuple[int, int]
    """Items of the system and of the baseline."""

    @property
    def can_be_significant(self) -> bool:
        return self.smallest_p is not None and self.smallest_p < ALPHA


def compare(
    system: Sample,
    baseline: Sample,
    *,
    n_resamples: int = stats.RESAMPLES,
    n_randomisations: int = RANDOMISATIONS,
    seed: int = stats.SEED,
) -> Difference:
    """Compare two systems' samples of the same metric.

    Raises
    ------
    UsageError
        The samples are of different metrics, or one is empty.
    """
    spec = system.metric.spec
    if system.metric.name != baseline.metric.name:
        raise UsageError(f"{system.metric.name} and {baseline.metric.name} are two metrics")
    if not len(system) or not len(baseline):
        raise UsageError(f"{system.metric.name}: one of the two has no scored item")
    joint = Joint([system, baseline])
    values = joint.estimates
    randomised = bootstrapped = None
    if joint.n_clusters > 1 and math.isfinite(values[0] - values[1]):
        randomised = stats.approximate_randomisation(
            joint.swapped(), joint.n_clusters, n_resamples=n_randomisations, seed=seed
        )
        bootstrapped = stats.paired_bootstrap(
            joint.statistics[0], joint.statistics[1], joint.n_clusters,
            n_resamples=n_resamples, seed=seed,
        )
    return Difference(
        metric=system.metric.name,
        unit=spec.unit,
        higher_is_better=spec.higher_is_better,
        system=float(values[0]),
        baseline=float(values[1]),
        difference=float(values[0] - values[1]),
        interval=joint.interval(lambda pair: pair[0] - pair[1]),
        p_value=randomised.p_value if randomised else None,
        test=randomised.method if randomised else "none",
        smallest_p=smallest_p(randomised, n_randomisations) if randomised else None,
        bootstrap_p=bootstrapped.p_value if bootstrapped else None,
        n_clusters=joint.n_clusters,
        n_scored=(len(system), len(baseline)),
    )


def smallest_p(found: stats.Comparison, n_randomisations: int = RANDOMISATIONS) -> float:
    """The smallest p this test can give, whatever the difference."""
    if found.method == "exact-sign-flip":
        return float(2.0 ** (1 - found.n_clusters))
    return 1 / (n_randomisations + 1)
