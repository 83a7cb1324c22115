"""One metric of one log, here and by the peer's own code."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from s2st_bench.formats.log import Log
from s2st_bench.peers import Peer
from s2st_bench.resegment import Resegmenter, SoftSegmenter
from s2st_bench.retime import Rule
from s2st_bench.scoring import MetricOptions, Options, score

TOLERANCE = 0.001
"""Milliseconds; BLEU and chrF points."""

Scores = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Value:
    """One metric of one recording."""

    peer: str
    kind: str
    metric: str
    ours: float | None
    """Of the log that the peer scores."""
    compat: float | None
    """The same with ``compat`` set to the peer."""
    theirs: float | None
    run: float | None = None
    """Of the run itself, where one was written as the log."""

    @property
    def matches(self) -> bool:
        return same(self.ours, self.theirs)

    @property
    def matches_with_compat(self) -> bool:
        return same(self.compat, self.theirs)


def same(a: float | None, b: float | None) -> bool:
    """Both none, or as near as makes no difference."""
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, abs_tol=TOLERANCE, rel_tol=1e-12)


def attempt(compute: Callable[[], float | None]) -> float | None:
    """The peer's value; none where it raises, skips or gives no number."""
    try:
        value = compute()
    except (ArithmeticError, AssertionError, IndexError, TypeError, ValueError):
        return None
    return None if value is None or math.isnan(value) else float(value)


def ours(
    log: Log, metrics: Iterable[str], unit: str = "word", compat: Peer | None = None,
    metric_options: MetricOptions | None = None, resegmenter: Resegmenter | None = None,
    ca: Rule | None = None,
) -> list[Scores]:
    """Scores of each recording of a log; its aware times as it has them, or by the rule ``ca``."""
    options = Options(unit=unit, compat=compat, logged_ca=log.ca, ca=ca,  # type: ignore[arg-type]
                      resegmenter=resegmenter or SoftSegmenter())
    table = score(log.traces, log.recordings, list(metrics), options,
                  metric_options=metric_options)
    return [dict(row.scores) for row in table.recordings]


def with_variants(names: Iterable[str]) -> list[str]:
    """``AL`` and ``AL_CA`` of ``AL``."""
    return [name + aware for name in names for aware in ("", "_CA")]


def by_simuleval(line: str, names: Iterable[str], unit: str = "word") -> Scores:
    """SimulEval's own scorers on a line of ``instances.log``."""
    from simuleval.evaluator.instance import LogInstance
    from simuleval.evaluator.scorers.latency_scorer import LATENCY_SCORERS_DICT

    found: Scores = {}
    for name in names:
        scorer = LATENCY_SCORERS_DICT[name.removesuffix("_CA")](
            computation_aware=name.endswith("_CA"))
        instance = LogInstance(line, unit)
        found[name] = attempt(lambda s=scorer, i=instance: s({0: i}))
    return found


def shown(values: Iterable[Value]) -> str:
    """How often what happened, with the first of each."""
    found = list(values)
    counts = Counter((v.peer, v.kind, v.metric) for v in found)
    first = {(v.peer, v.kind, v.metric): v for v in reversed(found)}
    return "\n".join(f"{n}x {first[key]}" for key, n in counts.items())


def percent(flags: Iterable[bool]) -> float:
    """Share of true ones; there is at least one."""
    found = list(flags)
    return 100.0 * sum(found) / len(found)
