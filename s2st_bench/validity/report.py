"""What the studies found, as JSON and as Markdown.

``validity.json``::

    {"version": 1,
     "corpus": {"notice", "short", "long", "source_lang", "target_lang"},     counts of recordings
     "rows": [{"form": "short"|"long", "knob", "knob_unit", "metric", "unit",
               "ca": null|"live"|"simuleval"|"fbk"|"simulstream",
               "cut": null|"soft"|"timed"|"min-wer",          the resegmenter of long form
               "quantity",                                     what the known value is; "" if none
               "levels": [...], "known": [...]|null, "values": [number|null, ...],
               "n_scored": [...],                              one element a level
               "bias", "slope", "expected_slope": number|null, slopes per unit of the knob
               "monotone", "discriminates": bool|null, "ordered": number|null}],
     "resegmentation": [{"condition", "resegmenter", "n_words", "n_boundaries", "word_accuracy",
                         "unassigned", "boundary_accuracy", "boundary_error",      words
                         "value_ms", "known_ms", "error_ms"}]}                     LongYAAL

A row with ``ca`` is of what computation adds: the aware value less the unaware one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby

from s2st_bench.validity.boundaries import Boundaries
from s2st_bench.validity.rows import Row

VERSION = 1
NOTICE = "synthetic demo corpus, simulated interpreter"

NOTES = """\
Bias: mean over levels of measured - known. Slope: change of the metric per unit of the knob, beside
that of the known value. Ordered: share of (recording, step) that moves as the known value does;
"-" where the knob must not move the metric, or nothing is known to move.

* The known lag of a word is from the end of the source words it needs to its write, at most the
  end of the source: under an ideal clock all that is left is written there.
* A metric with a clock (`ca`) is of what computation adds: aware less unaware. A word that a
  segment's metric leaves out for coming after the end has no part in it: see the counts.
"""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was measured."""

    rows: tuple[Row, ...]
    resegmentation: tuple[Boundaries, ...]
    n_short: int
    n_long: int
    source_lang: str
    target_lang: str


def to_json(found: Findings) -> str:
    """The text of ``validity.json``."""
    data = {
        "version": VERSION,
        "corpus": {
            "notice": NOTICE, "short": found.n_short, "long": found.n_long,
            "source_lang": found.source_lang, "target_lang": found.target_lang,
        },
        "rows": [asdict(row) for row in found.rows],
        "resegmentation": [asdict(row) for row in found.resegmentation],
    }
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def to_markdown(found: Findings) -> str:
    """The tables for people."""
    lines = ["# Validity of the metrics", "", f"{NOTICE}: {found.n_short} sentences, "
             f"{found.n_long} talks, {found.source_lang}-{found.target_lang}.", "", NOTES]
    for (form, knob), rows in groupby(found.rows, key=lambda row: (row.form, row.knob)):
        members = list(rows)
        levels = ", ".join(f"{level:g}" for level in members[0].levels)
        lines += [f"## {knob} ({members[0].knob_unit}), {form} form: {levels}", ""]
        lines += _table(_HEAD, [_cells(row) for row in members])
    if found.resegmentation:
        lines += ["## Resegmenters on sentences joined to a talk", ""]
        lines += _table(_RESEG_HEAD, [_reseg_cells(row) for row in found.resegmentation])
    return "\n".join(lines)


_HEAD = ("metric", "unit", "known", "measured", "n", "bias", "slope", "known slope", "monotone",
         "ordered", "discriminates")
_RESEG_HEAD = ("noise", "resegmenter", "words right", "boundaries right", "boundary error, words",
               "LongYAAL, ms", "known, ms", "error, ms")


def label(row: Row) -> str:
    """A row's metric with its clock and resegmenter."""
    extra = [part for part in (row.ca and f"ca {row.ca}", row.cut and row.cut) if part]
    return f"{row.metric} ({', '.join(extra)})" if extra else row.metric


def _cells(row: Row) -> Iterator[str]:
    yield label(row)
    yield row.unit or "-"
    yield " ".join(map(number, row.known)) if row.known else "-"
    yield " ".join(map(number, row.values))
    counts = sorted(set(row.n_scored))
    yield str(counts[0]) if len(counts) == 1 else f"{counts[0]}-{counts[-1]}"
    for value in (row.bias, row.slope, row.expected_slope):
        yield number(value)
    yield _yes(row.monotone)
    yield "-" if row.ordered is None else f"{row.ordered:.0%}"
    yield _yes(row.discriminates)


def _reseg_cells(row: Boundaries) -> Iterator[str]:
    yield row.condition
    yield row.resegmenter
    yield f"{row.word_accuracy:.1%}"
    yield f"{row.boundary_accuracy:.1%}"
    yield f"{row.boundary_error:.2f}"
    for value in (row.value_ms, row.known_ms, row.error_ms):
        yield number(value)


def number(value: float | None) -> str:
    """Three digits or whole numbers; ``-`` for none."""
    if value is None:
        return "-"
    if abs(value) >= 10:
        return f"{value:.0f}"
    return f"{round(value, 3) + 0.0:g}"


def _yes(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"


def _table(head: Sequence[str], rows: Sequence[Iterator[str]]) -> list[str]:
    made = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return [made[0], f"|{'---|' * len(head)}", *made[1:], ""]
