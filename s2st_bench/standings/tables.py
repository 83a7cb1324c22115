"""Who may stand beside whom, and in which order.

A *group* is one test set in one language pair: same corpus, same fingerprint, same languages.
Inside it entries share a table only when every metric that two of them have was made the same
way: same signature, and for what was measured (aware latency, RTF) same host and clock.  The
unaware and the aware view are therefore split apart from each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from s2st_bench.certify import Regime

from .choice import ABOVE, FIELD, Choice, regime_metric, regime_of
from .columns import AWARE_SUFFIX, Column, View, columns, is_measured
from .entries import Entry
from .ranking import places, winner
from .text import file_key, label, setting

_HARMLESS = frozenset({"repeats", "r", "interval", "ci", "seed", "sd"})
"""Keys of a signature, in either form, that change a number's precision and not its meaning."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry's place in a table."""

    entry: Entry
    rank: int | None
    """None: shown, not ranked."""
    unranked: str
    """Why it has no rank; empty when it has one."""
    rank_range: tuple[int, int] | None
    """Ranks that the tests of all pairs leave open."""
    best: frozenset[str]
    """Metrics in which it was found better than every other ranked entry."""
    point: str
    """The settings that tell it from its family, e.g. ``lag_s=2``."""
    regime: str = ""
    """The regime its unaware latency falls in; empty where there are none, or it has none."""


@dataclass(frozen=True, slots=True)
class Table:
    """Entries whose numbers may be compared in one view."""

    view: View
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    apart: str = ""
    """Why it is apart from the table before; empty for the first."""
    choice: Choice = FIELD
    regime: str = ""
    """The regime of all its rows (anchors aside), where regimes have tables of their own."""

    @property
    def ranking(self) -> Column | None:
        """The column that ranks it."""
        return self.choice.ranking(self.columns)

    @property
    def quality(self) -> Column | None:
        return self.choice.plotted(self.columns, "quality")

    @property
    def latency(self) -> Column | None:
        return self.choice.plotted(self.columns, "latency")


@dataclass(frozen=True, slots=True)
class Group:
    """One test set in one language pair."""

    key: str
    corpus: str
    split: str
    fingerprint: str
    source_lang: str
    target_lang: str
    entries: tuple[Entry, ...]
    unaware: tuple[Table, ...]
    aware: tuple[Table, ...]
    regimes: tuple[Regime, ...] = ()
    """The regimes of its pair of languages, by ``regime_metric``."""
    regime_metric: str = ""

    @property
    def pair(self) -> str:
        return f"{self.source_lang}→{self.target_lang}"

    @property
    def synthetic(self) -> bool:
        return any(entry.synthetic for entry in self.entries)


def make_groups(entries: Iterable[Entry], choice: Choice = FIELD) -> tuple[Group, ...]:
    """All groups: those that rank most systems first, then by corpus and language pair."""
    ordered = sorted(entries, key=_identity)
    groups = [_group(key, tuple(members), choice) for key, members in groupby(ordered, _identity)]
    return tuple(sorted(groups, key=lambda g: -sum(not entry.unranked for entry in g.entries)))


def operating_points(entries: Sequence[Entry]) -> dict[str, str]:
    """Entry key to the settings that tell it from its family, e.g. ``k=3``.

    A setting counts where two members state it differently.  Members that still look alike
    carry the name of their run folder.
    """
    points: dict[str, str] = {}
    for family in _families(entries).values():
        stated = {entry.key: _settings(entry) for entry in family}
        keys = sorted({key for settings in stated.values() for key in settings})
        varying = [key for key in keys
                   if len({own[key] for own in stated.values() if key in own}) > 1]
        made = {
            key: " ".join(f"{label(k, 40)}={label(setting(own[k]), 40)}"
                          for k in varying if k in own)
            for key, own in stated.items()
        }
        for entry in family:
            point = made[entry.key]
            alike = sum(other == point for other in made.values()) > 1
            name = f"({label(entry.folder.path.name, 60)})"
            points[entry.key] = f"{point} {name}".strip() if alike else point
    return points


def _identity(entry: Entry) -> tuple[str, str, str, str]:
    record = entry.record
    return record.corpus, record.source_lang, record.target_lang, record.fingerprint


def _group(
    identity: tuple[str, str, str, str], entries: tuple[Entry, ...], choice: Choice
) -> Group:
    corpus, source_lang, target_lang, fingerprint = identity
    metric = ""
    bounds: tuple[Regime, ...] = ()
    if choice.regimes is not None:
        bounds = choice.regimes.of_pair(source_lang, target_lang)
        metric = regime_metric(choice.regimes, entries) if bounds else ""
    regimes = {e.key: regime_of(e, metric, bounds) for e in entries}
    return Group(
        key=file_key(f"{corpus} {source_lang} {target_lang} {fingerprint}"),
        corpus=corpus,
        split=str(entries[0].record.corpus_card.get("split") or ""),
        fingerprint=fingerprint,
        source_lang=source_lang,
        target_lang=target_lang,
        entries=entries,
        unaware=_tables(entries, "unaware", choice, regimes),
        aware=_tables(entries, "aware", choice, regimes),
        regimes=bounds if metric else (),
        regime_metric=metric,
    )


def _tables(
    entries: Sequence[Entry], view: View, choice: Choice, regimes: Mapping[str, str]
) -> tuple[Table, ...]:
    """First fit: an entry joins the first table in which it clashes with nobody."""
    parts: list[list[Entry]] = []
    ways: list[dict[str, tuple[str, str]]] = []
    reasons: list[str] = []
    for entry in entries:
        made = _ways(entry, view)
        clash = ""
        for part, known in zip(parts, ways, strict=True):
            found = next((m for m in made if known.get(m, made[m]) != made[m]), None)
            if found is None:
                part.append(entry)
                known |= made
                break
            clash = clash or _difference(found, known[found], made[found])
        else:
            parts.append([entry])
            ways.append(made)
            reasons.append(clash)
    points = operating_points(entries)
    return tuple(
        _table(members, view, reason if first else "", points, choice, regimes, regime)
        for part, reason in zip(parts, reasons, strict=True)
        for first, (regime, members) in _by_regime(part, choice, regimes)
    )


def _by_regime(
    entries: Sequence[Entry], choice: Choice, regimes: Mapping[str, str]
) -> list[tuple[bool, tuple[str, Sequence[Entry]]]]:
    """(first of them, (regime, its entries)): one for all where regimes share a table.

    Anchors stand at the foot of each, since they are there for scale.
    """
    found = dict.fromkeys(regimes[e.key] for e in entries if not e.anchor)
    if choice.regimes is None or not choice.regimes.split or not any(found):
        return [(True, ("", entries))]
    order = [r.name for bounds in choice.regimes.bounds.values() for r in bounds] + [ABOVE, ""]
    made = [(regime, [e for e in entries if e.anchor or regimes[e.key] == regime])
            for regime in sorted(found, key=order.index)]
    return [(at == 0, part) for at, part in enumerate(made)]


def _ways(entry: Entry, view: View) -> dict[str, tuple[str, str]]:
    """Metric to (signature, where measured), for every metric with a value in ``view``."""
    record = entry.record
    measured = f"{record.clock} clock on {host_name(record.host) or 'an unnamed host'}"
    made = {}
    for column in columns([entry], view):
        score = entry.scores[column.metric]
        if score.value is not None:
            timed = column.metric.endswith(AWARE_SUFFIX) or is_measured(column.metric)
            made[column.metric] = _comparable(score.signature), measured if timed else ""
    return made


def _comparable(signature: str) -> str:
    """What of a signature decides who may be compared: not how often it ran or was resampled."""
    fields = signature.split("|")
    return "|".join(f for f in fields if f.partition(":")[0] not in _HARMLESS)


def _difference(metric: str, one: tuple[str, str], other: tuple[str, str]) -> str:
    at = 0 if one[0] != other[0] else 1
    return (f"{metric} was made another way: {other[at] or 'no signature'} "
            f"instead of {one[at] or 'no signature'}")


def host_name(host: Mapping[str, object]) -> str:
    """A host in a few words: what its computation was measured on."""
    parts = [str(host[k]) for k in ("name", "cpu", "gpu", "device") if host.get(k)]
    if cores := host.get("cores"):
        parts.append(f"{cores} cores")
    return label(", ".join(dict.fromkeys(parts)))


def _families(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    families: dict[str, list[Entry]] = {}
    for entry in entries:
        families.setdefault(entry.name, []).append(entry)
    return families


def _table(
    entries: Sequence[Entry], view: View, reason: str, points: Mapping[str, str],
    choice: Choice, regimes: Mapping[str, str], regime: str,
) -> Table:
    made = columns(entries, view)
    ranking = choice.ranking(made)
    by = ranking.by if ranking else ""
    up = ranking is None or ranking.higher_is_better is not False

    why = {e.key: (e.unranked_aware if view == "aware" else e.unranked) or _barred(e, by)
           for e in entries}

    def order(entry: Entry) -> tuple[int, float, str, str]:
        tier = 2 if entry.anchor else 1 if why[entry.key] else 0
        value = _value(entry, by)
        return tier, (-value if up else value) if value is not None else float("inf"), \
            entry.name, entry.key

    ordered = sorted(entries, key=order)
    ranked = [e for e in ordered if not why[e.key] and _value(e, by) is not None]
    place = {entry.key: rank for rank, entry in enumerate(ranked, 1)}
    best: dict[str, set[str]] = {}
    for column in made:
        if (ahead := winner(ranked, column)) is not None:
            best.setdefault(ahead.key, set()).add(column.metric)
    ranges = places(ranked, by, up)
    rows = []
    for entry in ordered:
        at = place.get(entry.key)
        rows.append(Row(
            entry=entry,
            rank=at,
            unranked=why[entry.key] or ("" if at else f"it has no {by or 'quality'}"),
            rank_range=ranges.get(entry.key),
            best=frozenset(best.get(entry.key, ())),
            point=points[entry.key],
            regime=regimes[entry.key],
        ))
    return Table(view, made, tuple(rows), reason, choice, regime)


def _barred(entry: Entry, metric: str) -> str:
    """Why the entry's own value must not rank it; empty: it may."""
    score = entry.scores.get(metric)
    return "" if score is None or not score.unranked else f"{metric}: {score.unranked}"


def _value(entry: Entry, metric: str) -> float | None:
    score = entry.scores.get(metric)
    return None if score is None else score.value


def _settings(entry: Entry) -> dict[str, str]:
    """What the run's configuration says about the system and how it was fed."""
    config = entry.record.config
    system = config.get("system")
    flat: dict[str, str] = {}
    _flatten(system if isinstance(system, Mapping) else {}, "", flat)
    flat.pop("name", None)
    for key in ("chunk_s", "stages", "clock"):
        if (value := config.get(key)) is not None:
            flat[key] = str(value.get("name")) if isinstance(value, Mapping) else str(value)
    return flat


def _flatten(values: Mapping[str, object], prefix: str, into: dict[str, str]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping):
            _flatten(value, f"{prefix}{key}.", into)
        elif value is not None:
            into[f"{prefix}{key}"] = str(value)
