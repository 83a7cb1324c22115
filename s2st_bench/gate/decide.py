"""The verdicts: worse beyond doubt, not worse, or not to be told with so little data.

The difference of run and baseline on a metric is paired by cluster: its standard error is the
delete-one-cluster jackknife's, Student's t has the degrees of freedom of
:func:`s2st_bench.stats.degrees_of_freedom`.  With m margins gated and a family-wise error alpha:

*regression*    the difference is worse than the margin, and worse than 0 at alpha / m, one-sided
                (Bonferroni: over all metrics together at most alpha of unchanged systems)
*pass*          the 95 % interval holds no loss beyond the margin
*inconclusive*  neither; ``detectable`` is the loss that this much data shows four times in five
*failed*        a limit is exceeded, or recordings are missing
*cannot compare*  another test set, signature or clock; for what was measured also another host, or
                a host that was shared while it was measured

Without any difference in any cluster the interval has no width, and the verdict is pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from s2st_bench import stats, student
from s2st_bench.gate.evidence import Evidence, Measured
from s2st_bench.gate.rules import Margin, Rules
from s2st_bench.metric import Floats

Outcome = Literal["pass", "regression", "failed", "cannot compare", "inconclusive"]

AWARE = ("_CA", "_CA_pen")
MEASURED = frozenset({"RTF", "Backlog"})
"""Metrics of measured time whose names do not say so."""
_SURE = 0.975
_POWER = 0.8
_NO_SPREAD = 1e-9
_NOT_MEANING = frozenset({"interval", "seed", "repeats"})
"""Keys of a signature that say how well a number is known, not what it is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided on one metric, or on the run as a whole."""

    name: str
    """The metric; ``recordings`` for what is missing, ``METRIC limit`` for a limit."""
    outcome: Outcome
    reason: str
    """One sentence with the numbers."""
    value: float | None = None
    baseline: float | None = None
    difference: float | None = None
    ci95: tuple[float, float] | None = None
    margin: float | None = None
    """In the metric's unit."""
    detectable: float | None = None
    """The loss that is found with probability 0.8, in the metric's unit."""
    unit: str = ""
    higher_is_better: bool | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """All verdicts of one gate."""

    run: str
    baseline: str
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The gravest: a regression is one whatever else could not be told."""
        found = {verdict.outcome for verdict in self.verdicts}
        order: tuple[Outcome, ...] = ("failed", "regression", "cannot compare", "inconclusive")
        return next((outcome for outcome in order if outcome in found), "pass")

    @property
    def exit_code(self) -> int:
        return {"pass": 0, "regression": 1, "failed": 1, "cannot compare": 2,
                "inconclusive": 3}[self.outcome]


def decide(run: Evidence, baseline: Evidence, rules: Rules) -> Decision:
    """Gate ``run`` against ``baseline``; metrics that neither has are noted and left out."""
    notes: list[str] = []
    gated = []
    for name in rules.margins:
        if run.metrics.get(name) is None and baseline.metrics.get(name) is None:
            notes.append(f"{name}: neither the run nor the baseline has it")
        elif is_measured(name) and run.clock == baseline.clock == "ideal":
            notes.append(f"{name}: under clock=ideal no computation is measured")
        else:
            gated.append(name)
    refused = _other_test(run, baseline)
    verdicts = [] if refused else [*_recordings(run, baseline)]
    for name in gated:
        why = refused or _not_comparable(name, run, baseline)
        verdicts.append(Verdict(name, "cannot compare", why) if why else
                        _metric(name, run, baseline, rules.margins[name], rules.alpha / len(gated)))
    verdicts += [_limit(name, limit, run) for name, limit in rules.limits.items()]
    return Decision(run.source, baseline.source, tuple(verdicts), tuple(notes))


def is_measured(metric: str) -> bool:
    """Whether a metric's value depends on the machine."""
    return metric.endswith(AWARE) or metric in MEASURED


def _recordings(run: Evidence, baseline: Evidence) -> Iterator[Verdict]:
    if run.status != "finished":
        yield Verdict("recordings", "failed", f"the run is not finished ({run.status})")
    new = [name for name in run.failed if name not in baseline.failed]
    if new:
        shown = ", ".join(new[:3]) + (f" and {len(new) - 3} more" if len(new) > 3 else "")
        yield Verdict("recordings", "failed", f"{len(new)} of {run.n_recordings} recordings have "
                      f"no whole answer that the baseline has: {shown}")
    if run.n_recordings < baseline.n_recordings:
        yield Verdict("recordings", "failed", f"{run.n_recordings} recordings, the baseline has "
                      f"{baseline.n_recordings}")


def _other_test(run: Evidence, baseline: Evidence) -> str:
    for what in ("fingerprint", "source_lang", "target_lang", "clock"):
        ours, theirs = getattr(run, what), getattr(baseline, what)
        if ours != theirs or (what == "fingerprint" and not ours):
            name = "corpus" if what == "fingerprint" else what.replace("_", " ")
            return (f"{name} {ours or 'unknown'} of the run, {theirs or 'unknown'} of the "
                    "baseline")
    return ""


def _not_comparable(name: str, run: Evidence, baseline: Evidence) -> str:
    ours, theirs = run.metrics.get(name), baseline.metrics.get(name)
    for one, where in ((ours, run.source), (theirs, baseline.source)):
        if one is not None and one.value is None:
            return f"{where} has no value: {one.reason or 'not scored'}"
    if ours is None or theirs is None:
        return f"{(run if ours is None else baseline).source} was not scored by it"
    if differ := _signatures_differ(ours.signature, theirs.signature):
        return f"made in two ways: {differ}"
    if not ours.without or not theirs.without:
        return "no function of sums over recordings, so no paired interval; give it a limit"
    if not is_measured(name):
        return ""
    if run.host != baseline.host or not run.host:
        return (f"measured on {run.host or 'an unknown host'}, the baseline on "
                f"{baseline.host or 'an unknown host'}")
    for one_run in (run, baseline):
        if one_run.n_disturbed:
            return (f"{one_run.source}: other work shared the host while {one_run.n_disturbed} "
                    "recordings were measured")
    return ""


def _metric(
    name: str, run: Evidence, baseline: Evidence, margin: Margin, alpha: float
) -> Verdict:
    ours = run.metrics[name]
    values = [float(one.metrics[name].value or 0.0) for one in (run, baseline)]
    better = 1.0 if ours.higher_is_better is not False else -1.0
    difference = values[0] - values[1]
    allowed = margin.of(values[1])
    error, sizes = _standard_error(name, run, baseline)
    common = {"value": values[0], "baseline": values[1], "difference": difference,
              "margin": allowed, "unit": ours.unit, "higher_is_better": ours.higher_is_better}
    if error is None:
        return Verdict(name, "inconclusive", "one cluster says nothing of the spread",
                       **common)  # type: ignore[arg-type]
    dof = stats.degrees_of_freedom(sizes)
    t95, t_family = (float(student.quantile(p, dof)) for p in (_SURE, 1 - alpha))
    ci95 = difference - t95 * error, difference + t95 * error
    detectable = max(allowed, (t_family + float(student.quantile(_POWER, dof))) * error)
    loss = -better * difference
    found = dict(common, ci95=ci95, detectable=detectable)
    # A few recordings that all differ by one chunk have no spread and prove nothing: of k signs
    # that agree by chance, p is 2^-k.
    enough = error > _NO_SPREAD * abs(difference) or 2.0 ** -len(sizes) <= alpha
    if loss > allowed and loss - t_family * error > 0 and enough:
        outcome: Outcome = "regression"
        reason = f"worse by {_number(loss, ours)}, beyond doubt and beyond {_number(allowed, ours)}"
    elif loss + t95 * error <= allowed:
        outcome = "pass"
        reason = f"no loss beyond {_number(allowed, ours)}"
    else:
        outcome = "inconclusive"
        reason = (f"a loss beyond {_number(allowed, ours)} is neither shown nor excluded; this "
                  f"much data shows one of {_number(detectable, ours)}")
    return Verdict(name, outcome, reason, **found)  # type: ignore[arg-type]


def _standard_error(
    name: str, run: Evidence, baseline: Evidence
) -> tuple[float | None, Floats]:
    """Of the difference, over the clusters of both; none with fewer than two."""
    index = {c: i for i, c in enumerate(dict.fromkeys((*run.clusters, *baseline.clusters)))}
    moved, sizes = np.zeros(len(index)), np.zeros(len(index))
    for one, sign in ((run, 1.0), (baseline, -1.0)):
        deviations, n_items = one.deviations(name)
        at = [index[cluster] for cluster in one.clusters]
        moved[at] += sign * deviations
        sizes[at] = np.maximum(sizes[at], n_items)
    scored = sizes > 0
    if np.count_nonzero(scored) < 2:
        return None, sizes
    variance = stats.jackknife_variance(0.0, moved[scored])
    return math.sqrt(float(variance)), sizes[scored]


def _limit(name: str, limit: float, run: Evidence) -> Verdict:
    title = f"{name} limit"
    one = run.metrics.get(name)
    if one is None or one.value is None:
        why = "it was not scored by it" if one is None else one.reason or "not scored"
        return Verdict(title, "failed", f"no value to hold against {limit:g}: {why}")
    if is_measured(name) and run.n_disturbed:
        return Verdict(title, "cannot compare", f"other work shared the host while "
                       f"{run.n_disturbed} recordings were measured", value=one.value)
    meets = one.value >= limit if one.higher_is_better else one.value <= limit
    side = "at least" if one.higher_is_better else "at most"
    return Verdict(
        title, "pass" if meets else "failed",
        f"{_number(one.value, one)}, {side} {_number(limit, one)} is wanted",
        value=one.value, margin=limit, unit=one.unit, higher_is_better=one.higher_is_better,
    )


def _signatures_differ(one: str, other: str) -> str:
    ours, theirs = (_fields(text) for text in (one, other))
    differ = [key for key in dict.fromkeys([*ours, *theirs])
              if key not in _NOT_MEANING and ours.get(key) != theirs.get(key)]
    return "; ".join(f"{k} {ours.get(k, 'unset')} and {theirs.get(k, 'unset')}" for k in differ)


def _fields(signature: str) -> dict[str, str]:
    parts: Sequence[str] = signature.split("|")
    return {key: value for key, _, value in (part.partition(":") for part in parts)}


def _number(value: float, one: Measured) -> str:
    digits = 0 if one.unit == "ms" else 1 if one.unit == "%" else 3 if abs(value) < 1 else 2
    return f"{value:.{digits}f}{' ' + one.unit if one.unit else ''}"
