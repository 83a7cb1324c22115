"""Run folders against each other, metric by metric, and as points of a curve.

Refused (NotComparable) where the two could not have given the same number for the same output:
another test set, or another setting in a metric's signature.  Holm's correction is over the
metrics of one comparison.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from s2st_bench import scoring
from s2st_bench.compare import holm, paired
from s2st_bench.compare.alarm import Alarm, alarms
from s2st_bench.compare.matched import Point
from s2st_bench.errors import NotComparable, UsageError
from s2st_bench.metric import Metric
from s2st_bench.registry import Registry
from s2st_bench.scorer import Options, Scorer
from s2st_bench.scoring import MetricOptions
from s2st_bench.signature import Signature
from s2st_bench.store import RunFolder
from s2st_bench.types import MetricSpec

VERSION = 1
_HOW_SURE = frozenset({"interval", "seed", "repeats"})
"""Fields that say how well a number is known, not what it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of the comparison."""

    found: paired.Difference
    p_holm: float | None
    signature: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """System minus baseline on every metric that both have a value for."""

    system: str
    baseline: str
    fingerprint: str
    rows: tuple[Row, ...]
    missing: tuple[tuple[str, str], ...]
    """(metric, reason) of what could not be compared for want of a value."""
    alarms: tuple[Alarm, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The shape of ``compare --json``."""
        return {
            "version": VERSION,
            "system": self.system,
            "baseline": self.baseline,
            "corpus": self.fingerprint,
            "metrics": [row_as_dict(row) for row in self.rows],
            "no_value": [{"metric": name, "reason": reason} for name, reason in self.missing],
            "alarms": [alarm.as_dict() for alarm in self.alarms],
        }


def compare_runs(
    system: Path,
    baseline: Path,
    metrics: Sequence[Metric | str] | None = None,
    options: Options | None = None,
    *,
    registry: Registry | None = None,
    metric_options: MetricOptions | None = None,
) -> Comparison:
    """Compare two runs of the same corpus; ``metric_options`` are of metrics given by name.

    Raises
    ------
    NotComparable
        Naming what differs.
    UsageError
        No metric, or a metric instance (the runs need one each; give names).
    """
    if metrics is not None and not all(isinstance(metric, str) for metric in metrics):
        raise UsageError("compare_runs takes metrics by name: each run makes its own")
    fingerprint = same_corpus(system, baseline)
    first, second = (_scorer(RunFolder(path), metrics, options, registry, metric_options)
                     for path in (system, baseline))
    theirs = {metric.name: metric for metric in second.metrics}
    found: list[tuple[paired.Difference, str]] = []
    specs: list[MetricSpec] = []
    missing: list[tuple[str, str]] = []
    for metric in first.metrics:
        if metric.name not in theirs:
            missing.append((metric.name, f"does not apply to {baseline}"))
            continue
        other = theirs.pop(metric.name)
        samples = first.sample(metric), second.sample(other)
        if empty := [str(path) for path, sample in zip((system, baseline), samples, strict=True)
                     if not len(sample)]:
            missing.append((metric.name, f"no value in {' and '.join(empty)}"))
            continue
        same_signature(first.signature(metric), second.signature(other))
        difference = paired.compare(*samples)
        signature = first.signature(metric, difference.interval).verbose()
        found.append((difference, signature))
        specs.append(metric.spec)
    missing += [(name, f"does not apply to {system}") for name in theirs]
    adjusted = holm.adjust([difference.p_value for difference, _ in found])
    rows = tuple(Row(difference, p, signature)
                 for (difference, signature), p in zip(found, adjusted, strict=True))
    raised = alarms(zip(specs, (row.found for row in rows), strict=True))
    return Comparison(str(system), str(baseline), fingerprint, rows, tuple(missing), raised)


def curve(
    paths: Sequence[Path],
    latency: str,
    quality: str,
    options: Options | None = None,
    *,
    registry: Registry | None = None,
) -> list[Point]:
    """One system's runs as points for :mod:`~s2st_bench.compare.matched`, in the order given.

    Raises
    ------
    NotComparable
        The runs differ in corpus or settings, or one has no value; naming which.
    """
    return signed_points(paths, latency, quality, options, registry=registry)[0]


def signed_points(
    paths: Sequence[Path],
    latency: str,
    quality: str,
    options: Options | None = None,
    *,
    registry: Registry | None = None,
) -> tuple[list[Point], tuple[Signature, Signature]]:
    """:func:`curve` with the signatures of its two axes, which all points share."""
    points: list[Point] = []
    made: list[Signature] = []
    for path in paths:
        same_corpus(paths[0], path)
        scorer = _scorer(RunFolder(path), (latency, quality), options, registry)
        samples = [scorer.sample(metric) for metric in scorer.metrics]
        for sample in samples:
            if not len(sample):
                raise NotComparable(f"{path}: no value of {sample.metric.name}")
        signatures = [scorer.signature(metric) for metric in scorer.metrics]
        for first, one in zip(made or signatures, signatures, strict=True):
            same_signature(first, one)
        made = made or signatures
        points.append(Point(*samples))
    return points, (made[0], made[1])


def same_corpus(system: Path, baseline: Path) -> str:
    """Its fingerprint; raises NotComparable where the two are of other test sets, or of none."""
    records = [RunFolder(path).record() for path in (system, baseline)]
    prints = [record.fingerprint for record in records]
    for path, fingerprint in zip((system, baseline), prints, strict=True):
        if not fingerprint:
            raise NotComparable(f"{path}: its record names no corpus fingerprint, so it cannot be "
                                "known to be of the same test set; run it again")
    if prints[0] != prints[1]:
        raise NotComparable(
            f"{system} is of corpus {records[0].corpus} ({prints[0]}), {baseline} of "
            f"{records[1].corpus} ({prints[1]}): compare runs of the same test set"
        )
    return prints[0]


def same_signature(one: Signature, other: Signature, *, apart_from: Iterable[str] = ()) -> None:
    """Raises NotComparable naming the fields that differ, ``apart_from`` some."""
    ignored = _HOW_SURE.union(apart_from)
    ours, theirs = ({k: v for k, v in s.fields if k not in ignored} for s in (one, other))
    differ = [f"{key} {ours.get(key, 'unset')!r} and {theirs.get(key, 'unset')!r}"
              for key in dict.fromkeys([*ours, *theirs]) if ours.get(key) != theirs.get(key)]
    if differ:
        raise NotComparable(f"{one['metric']} was made in two ways: {'; '.join(differ)}. Leave it "
                            "out with --metrics, or run one of the two again with the other's "
                            "settings")


def _scorer(
    run: RunFolder, metrics: Iterable[Metric | str] | None, options: Options | None,
    registry: Registry | None, metric_options: MetricOptions | None = None,
) -> Scorer:
    record = run.record()
    settings = replace(options or Options(), fingerprint=record.fingerprint,
                       target_lang=record.target_lang, folder=run.path)
    return scoring.scorer(run.traces(), run.recordings(),
                          None if metrics is None else list(metrics), settings, registry=registry,
                          metric_options=metric_options)


def row_as_dict(row: Row) -> dict[str, Any]:
    """One metric of ``compare --json``."""
    found = row.found
    return {
        "metric": found.metric,
        "unit": found.unit,
        "higher_is_better": found.higher_is_better,
        "system": finite(found.system),
        "baseline": finite(found.baseline),
        "difference": finite(found.difference),
        "ci95": None if found.interval is None else list(found.interval.bounds),
        "p": found.p_value,
        "p_holm": row.p_holm,
        "test": found.test,
        "smallest_p": found.smallest_p,
        "p_bootstrap": found.bootstrap_p,
        "n_scored": list(found.n_scored),
        "n_clusters": found.n_clusters,
        "signature": row.signature,
    }


def finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
