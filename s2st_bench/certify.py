"""Which latency regime of a shared task a log falls in, by the rules of its year.

Rules are data: ``configs/rules/<year>.yaml``, each with its source.  A regime is
``[least, most]`` in seconds: it takes its upper bound in and, but for the first one, leaves its
lower bound out; ``null`` is no bound.  Membership is by the value alone, as the organisers have
it; whether the interval stays within the regime is said beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError, UsageError
from s2st_bench.metric import LatencyUnit
from s2st_bench.paths import shipped_configs
from s2st_bench.types import Score

MIN_COVERAGE = 0.8
VERSION = 1


@dataclass(frozen=True, slots=True)
class Regime:
    """A range of latency, in seconds."""

    name: str
    least_s: float
    most_s: float
    closed: bool
    """Whether ``least_s`` itself is within."""

    def holds(self, value_s: float) -> bool:
        above = value_s >= self.least_s if self.closed else value_s > self.least_s
        return above and value_s <= self.most_s


@dataclass(frozen=True, slots=True)
class Track:
    """How one kind of output is measured."""

    output: str
    metric: str
    aware: str
    resegmenter: str
    recording_end: str
    units: Mapping[str, LatencyUnit]
    """By target language."""
    logs: tuple[str, ...]
    dev: Mapping[str, str]
    """The dev set of a pair of languages."""
    regimes: Mapping[str, tuple[Regime, ...]]
    """By pair of languages (``en-de``)."""
    ca: Mapping[str, str]
    """By format of log, the rule its aware times are re-timed by; else they are as logged."""

    def unit(self, target_lang: str) -> LatencyUnit:
        """Raises UsageError for a language the track does not have."""
        if target_lang not in self.units:
            raise UsageError(f"--target-lang {target_lang}: the year has "
                             f"{', '.join(sorted(self.units))}")
        return self.units[target_lang]


@dataclass(frozen=True, slots=True)
class Rules:
    """A year's rules."""

    name: str
    title: str
    source: str
    tracks: tuple[Track, ...]
    asks: tuple[str, ...]
    """What a submission needs that no log shows."""

    def track(self, output: str) -> Track:
        """The track of ``text`` or ``speech`` output.

        Raises
        ------
        UsageError
            The year has none.
        """
        for track in self.tracks:
            if track.output == output:
                return track
        raise UsageError(f"--rules {self.name}: the year has no track for {output} output")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the log beside its scores."""

    pair: str
    log: str
    """Its format."""
    dev: str = ""
    """The dev set its user says it is of."""
    n_failed: int = 0
    n_recordings: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is certified, and what stands in the way."""

    rules: str
    title: str
    source: str
    pair: str
    regime: str | None
    bounds_s: tuple[float | None, float | None] | None
    metric: str
    value_ms: float | None
    ci95_ms: tuple[float, float] | None
    firm: bool
    """The whole interval is within the regime."""
    aware_ms: float | None
    n_scored: int
    n_total: int
    n_clusters: int
    coverage: float | None
    signature: str
    missing: tuple[str, ...]
    asks: tuple[str, ...]

    @property
    def certified(self) -> bool:
        return self.regime is not None

    def as_dict(self) -> dict[str, Any]:
        return {"version": VERSION, "certified": self.certified, **asdict(self)}


def certify(
    rules: Rules, track: Track, score: Score, aware: Score | None, facts: Facts
) -> Certificate:
    """The certificate of a log that scored ``score`` in the track's metric.

    Raises
    ------
    UsageError
        The year does not have the pair of languages.
    """
    regimes = track.regimes.get(facts.pair)
    if regimes is None:
        raise UsageError(f"--rules {rules.name}: no pair {facts.pair}; the year has "
                         f"{', '.join(track.regimes)} (--source-lang, --target-lang)")
    value = score.value
    regime = None if value is None else next(
        (r for r in regimes if r.holds(value / 1000.0)), None)
    return Certificate(
        rules=rules.name,
        title=rules.title,
        source=rules.source,
        pair=facts.pair,
        regime=None if regime is None else regime.name,
        bounds_s=None if regime is None else (_finite(regime.least_s), _finite(regime.most_s)),
        metric=score.metric,
        value_ms=value,
        ci95_ms=score.ci95,
        firm=regime is not None and score.ci95 is not None
        and all(regime.holds(bound / 1000.0) for bound in score.ci95),
        aware_ms=None if aware is None else aware.value,
        n_scored=score.n_scored,
        n_total=score.n_total,
        n_clusters=score.n_clusters,
        coverage=score.coverage,
        signature=score.signature,
        missing=tuple(_missing(track, score, aware, facts)),
        asks=rules.asks,
    )


def load_rules(name: str) -> Rules:
    """Shipped rules by name, or those of a yaml file.

    Raises
    ------
    UsageError
        No such rules.
    InputError
        The file is damaged.
    """
    import yaml

    folder = shipped_configs() / "rules"
    path = Path(name) if name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in folder.glob("*.yaml"))
        raise UsageError(f"--rules {name}: no such rules; {', '.join(known)}, or a yaml file")
    try:
        row = yaml.safe_load(path.read_text("utf-8"))
        return Rules(
            name=path.stem,
            title=str(row["title"]),
            source=str(row["source"]),
            tracks=tuple(_track(each) for each in row["tracks"]),
            asks=tuple(map(str, row.get("asks", ()))),
        )
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: no rules ({' '.join(repr(error).split())})") from None


def _track(row: Mapping[str, Any]) -> Track:
    return Track(
        output=str(row["output"]),
        metric=str(row["metric"]),
        aware=str(row["aware"]),
        resegmenter=str(row["resegmenter"]),
        recording_end=str(row["recording_end"]),
        units={str(lang): _unit(unit) for lang, unit in row["units"].items()},
        logs=tuple(map(str, row["logs"])),
        dev={str(pair): str(name) for pair, name in row["dev"].items()},
        regimes={str(pair): tuple(regimes_of(bounds)) for pair, bounds in row["regimes"].items()},
        ca={str(log): str(rule) for log, rule in row.get("ca", {}).items()},
    )


def _unit(name: object) -> LatencyUnit:
    if name == "word":
        return "word"
    if name == "char":
        return "char"
    raise ValueError(f"unit {name!r}: word or char")


def regimes_of(bounds: Mapping[str, Sequence[float | None]]) -> list[Regime]:
    """Regimes by name from ``[least, most]`` in seconds, in order."""
    found = []
    for number, (name, (least, most)) in enumerate(bounds.items()):
        found.append(Regime(str(name), -math.inf if least is None else float(least),
                            math.inf if most is None else float(most), number == 0))
    return found


def _missing(
    track: Track, score: Score, aware: Score | None, facts: Facts
) -> list[str]:
    """What keeps the certificate from being beyond doubt."""
    said = []
    wanted = track.dev.get(facts.pair, "")
    if not facts.dev:
        said.append(f"the name of the dev set (--dev); the year's for {facts.pair} is {wanted}")
    elif facts.dev != wanted:
        said.append(f"a log of {wanted}, the year's dev set for {facts.pair}; this is of "
                    f"{facts.dev}")
    if facts.log not in track.logs:
        said.append(f"a log of {' or '.join(track.logs)}; this is {facts.log} "
                    "(s2st-bench convert writes one)")
    if score.value is None:
        said.append(f"a value of {score.metric}: {score.reason}")
    if facts.n_failed:
        said.append(f"answers for {facts.n_failed} of {facts.n_recordings} recordings, which "
                    "failed")
    if score.n_scored < score.n_total:
        said.append(f"output for {score.n_total - score.n_scored} of {score.n_total} references, "
                    "which the metric passes over")
    if score.coverage is not None and score.coverage < MIN_COVERAGE:
        said.append(f"output: its length is {score.coverage:.2f} of the references' "
                    f"(below {MIN_COVERAGE} latency says little)")
    if aware is None or aware.value is None:
        said.append("computation-aware times, which are reported beside")
    return said


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
