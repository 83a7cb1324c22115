"""What a board shows and how it ranks: ``board.toml``, or one of the presets.

::

    title = "…"                       the heading
    summary = "…"                     a sentence below it
    columns = ["COMET", "BLEU", …]    metrics shown first, in this order; the rest behind "more"
    rest = "more" | "none"            "none": the others are left out of the tables
    facts = ["cost", "disconnects"]   columns from the systems' cards and traces
    rank_by = ["COMET", "BLEU"]       the first that a table has ranks it
    latency_by = ["LAAL"]             the first that a table has is plotted against
    view = "unaware" | "aware"        the latency shown first
    [proxies]                         what stands beside a metric's numbers, by name
    [regimes]                         metrics = [...], bounds = {low = [0, 2], ...} in seconds,
                                      or rules = "iwslt2026"; split = true: a table for each

Metrics are named without ``_CA``; ``*`` stands for any letters.  Presets lie in
``leaderboards/boards``.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, get_args

from s2st_bench.certify import Regime, load_rules, regimes_of
from s2st_bench.errors import InputError, UsageError
from s2st_bench.standings.choice import ANY_PAIR, Choice, Regimes, named
from s2st_bench.standings.columns import Column, View
from s2st_bench.standings.tables import Group, Table

PRESETS = Path(__file__).parent.parent / "boards"
DEFAULT = "research"
Fact = Literal["cost", "disconnects"]
_KEYS = ("title", "summary", "columns", "rest", "facts", "rank_by", "latency_by", "view",
         "proxies", "regimes")
_REGIME_KEYS = ("metrics", "bounds", "rules", "split")
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Definition:
    """One board's columns, order and regimes."""

    name: str
    title: str
    summary: str = ""
    columns: tuple[str, ...] = ()
    """Names and patterns of the metrics shown first; none: all."""
    rest: bool = True
    """The other metrics are there too, behind a control."""
    facts: tuple[str, ...] = ()
    view: View = "unaware"
    proxies: Mapping[str, str] = field(default_factory=dict)
    choice: Choice = Choice()
    rules_title: str = ""
    """The task whose regimes they are."""
    own: bool = False
    """A user's file, in which a name that no run has may be a slip."""

    def lay_out(self, table: Table) -> tuple[tuple[Column, bool], ...]:
        """The columns of a table in the board's order, each with whether it is one of the rest.

        What ranks the table is never one of the rest.
        """
        made, ranking = table.columns, table.ranking
        first = [] if ranking is None or any(
            named(pattern, ranking) for pattern in self.columns) else [ranking]
        for pattern in self.columns:
            first += [c for c in made if named(pattern, c) and c not in first]
        if not self.columns:
            return tuple((column, False) for column in made)
        left = [column for column in made if column not in first] if self.rest else []
        return (*((column, False) for column in first), *((column, True) for column in left))

    def marks(self, column: Column) -> tuple[str, ...]:
        """What stands beside all of a column's numbers, the board's own words included."""
        said = [text for pattern, text in self.proxies.items() if named(pattern, column)]
        return (*column.marks, *(text for text in said if text not in column.marks))

    def unmatched(self, groups: Sequence[Group]) -> list[str]:
        """Names (not patterns) of the definition that no table has, each with the nearest."""
        known = {c.name for g in groups for t in (*g.unaware, *g.aware) for c in t.columns}
        wanted = dict.fromkeys((*self.columns, *self.choice.rank_by, *self.choice.latency_by))
        said = []
        for name in wanted:
            if not any(fnmatchcase(metric, name) for metric in known):
                near = difflib.get_close_matches(name, sorted(known), n=1)
                said.append(f"{name}{f' (did you mean {near[0]}?)' if near else ''}")
        return said


def presets() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in PRESETS.glob("*.toml")))


def read_definition(name: str) -> Definition:
    """A preset by name, or the definition in a toml file.

    Raises
    ------
    UsageError
        There is no such preset.
    InputError
        The file cannot be read, or is not a definition; names the key.
    """
    path = Path(name) if name.endswith(".toml") else PRESETS / f"{name}.toml"
    if not name.endswith(".toml") and name not in presets():
        raise UsageError(f"--board {name}: no such preset; {', '.join(presets())}, "
                         "or a .toml file")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES:,} bytes; not a board's definition")
        row = tomllib.loads(path.read_text("utf-8"))
        return replace(_definition(path.stem, row), own=path.parent != PRESETS)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML ({error})") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}") from None


def _definition(name: str, row: Mapping[str, Any]) -> Definition:
    _known(row, _KEYS, "")
    rest, view = row.get("rest", "more"), row.get("view", "unaware")
    _one_of("rest", rest, ("more", "none"))
    _one_of("view", view, get_args(View))
    facts = _names(row, "facts")
    for fact in facts:
        _one_of("facts", fact, get_args(Fact))
    regimes, title = _regimes(row.get("regimes"))
    return Definition(
        name=name,
        title=_text(row, "title") or name,
        summary=_text(row, "summary"),
        columns=_names(row, "columns"),
        rest=rest == "more",
        facts=facts,
        view=view,
        proxies={pattern: _text(row["proxies"], pattern) for pattern in _table(row, "proxies")},
        choice=Choice(_names(row, "rank_by"), _names(row, "latency_by"), regimes),
        rules_title=title,
    )


def _regimes(row: object) -> tuple[Regimes | None, str]:
    """The regimes, and the title of the rules they are of."""
    if row is None:
        return None, ""
    if not isinstance(row, Mapping):
        raise ValueError("regimes: must be a table ([regimes])")
    _known(row, _REGIME_KEYS, "regimes.")
    split = row.get("split", False)
    _one_of("regimes.split", split, (True, False))
    if "rules" in row:
        if "bounds" in row or "metrics" in row:
            raise ValueError("regimes: either rules, or metrics and bounds")
        rules = load_rules(_text(row, "rules"))
        track = rules.tracks[0]
        return Regimes((track.metric,), track.regimes, rules.source, split), rules.title
    metrics = _names(row, "metrics")
    if not metrics:
        raise ValueError("regimes.metrics: name the latency that decides")
    bounds: dict[str, tuple[Regime, ...]] = {ANY_PAIR: _bounds(_table(row, "bounds"))}
    return Regimes(metrics, bounds, "", split), ""


def _bounds(row: Mapping[str, Any]) -> tuple[Regime, ...]:
    if not row:
        raise ValueError("regimes.bounds: name at least one, as low = [0, 2] (seconds)")
    for name, ends in row.items():
        if not isinstance(ends, list) or len(ends) != 2 or not all(
                type(end) in (int, float) for end in ends) or not ends[0] < ends[1]:
            raise ValueError(f"regimes.bounds.{name}: must be two numbers of seconds, the least "
                             f"first, not {ends!r}")
    return tuple(regimes_of(row))


def _known(row: Mapping[str, Any], keys: Sequence[str], prefix: str) -> None:
    for key in row:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            raise ValueError(f"{prefix}{key}: no such key; "
                             f"{f'did you mean {near[0]}?' if near else ', '.join(keys)}")


def _one_of(key: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        raise ValueError(f"{key}: must be {' or '.join(str(a).lower() for a in allowed)}, "
                         f"not {value!r}")


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f"{key}: must be a text, not {value!r}")
    return value


def _table(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = row.get(key, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{key}: must be a table, not {value!r}")
    return value


def _names(row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise ValueError(f"{key}: must be a list of names, not {value!r}")
    return tuple(dict.fromkeys(value))
