"""The same numbers for programs (CSV, one line a number) and for a README (Markdown)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from s2st_bench.standings.tables import Group, Table
from s2st_bench.standings.text import label

from .cells import caption, heading, lines, rank, shown

_FIELDS = ("corpus", "split", "fingerprint", "source_lang", "target_lang", "view", "table",
           "system", "point", "rank", "not_ranked", "metric", "value", "ci95_low", "ci95_high",
           "unit", "higher_is_better", "best", "n_scored", "n_total", "n_clusters", "coverage",
           "never_ranked_by", "marks", "signature")
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_MEANING = re.compile(r"([\\`*_{}\[\]<>#|~])")


def as_csv(groups: Sequence[Group]) -> str:
    """Every number of every table, full digits, RFC 4180."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_FIELDS)
    for group in groups:
        for view in (group.unaware, group.aware):
            for number, table in enumerate(view, 1):
                for line in _numbers(group, table, number):
                    writer.writerow(line)
    return out.getvalue()


def as_markdown(group: Group, table: Table) -> str:
    """A table with a caption."""
    columns = shown(table)
    head = ["", "System", *(escaped(heading(column)) for column in columns), "n"]
    rows = []
    for row in lines(table):
        name = f"{escaped(row.name)} {escaped(row.point)}".strip()
        cells = []
        for cell in row.cells:
            value = f"**{cell.value}**" if cell.best else cell.value
            cells.append(f"{value} <sub>{cell.interval}</sub>" if cell.interval else value)
        rows.append([row.rank, name, *cells, row.n])
    ruler = ["---:", "---", *["---:"] * (len(columns) + 1)]
    return "\n".join([escaped(caption(group, table)), "",
                      *("| " + " | ".join(row) + " |" for row in [head, ruler, *rows]), ""])


def escaped(text: str) -> str:
    """One line in which nothing is markup."""
    return _MEANING.sub(r"\\\1", label(text, 600))


def _numbers(group: Group, table: Table, number: int) -> list[list[object]]:
    found: list[list[object]] = []
    for row in table.rows:
        for column in table.columns:
            score = row.entry.scores.get(column.metric)
            if score is None:
                continue
            low, high = score.ci95 or ("", "")
            found.append([safe(cell) for cell in (
                group.corpus, group.split, group.fingerprint, group.source_lang,
                group.target_lang, table.view, number, row.entry.name, row.point, rank(row),
                row.unranked, score.metric, "" if score.value is None else score.value, low, high,
                score.unit, "" if score.higher_is_better is None else score.higher_is_better,
                column.metric in row.best, score.n_scored, score.n_total, score.n_clusters,
                "" if score.coverage is None else score.coverage, score.unranked,
                "; ".join(score.marks), score.signature)])
    return found


def safe(cell: object) -> object:
    """Text that no spreadsheet takes for a formula."""
    if not isinstance(cell, str):
        return cell
    text = label(cell, 2000)
    return f"'{text}" if _FORMULA.match(text) else text
