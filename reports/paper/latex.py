r"""Tables for ``\input``: booktabs rules, siunitx columns.

Needs ``\usepackage{booktabs}`` and ``\usepackage[detect-weight,mode=text]{siunitx}``; a table
wider than the page is set in ``\resizebox`` by the one who includes it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from types import MappingProxyType

from s2st_bench.standings.tables import Group, Table
from s2st_bench.standings.text import label

from .cells import Cell, Line, caption, heading, lines, shown

_MEANING = MappingProxyType({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "_": r"\_", "%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "→": r"$\rightarrow$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "–": "--", "−": "$-$",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
})


def document(group: Group, table: Table, key: str) -> str:
    """A ``table`` environment, labelled ``tab:KEY``."""
    columns, rows = shown(table), lines(table)
    spec = "rl" + "".join(_spec([row.cells[i] for row in rows]) + "l"
                          for i in range(len(columns))) + "r"
    head = ["", "System", *(rf"\multicolumn{{2}}{{c}}{{{escaped(heading(c))}}}" for c in columns),
            "$n$"]
    body: list[str] = []
    ranked = True
    for row in rows:
        if ranked and not row.rank and body:
            body.append(r"\midrule")
        ranked = bool(row.rank)
        body.append(" & ".join(_row(row)) + r" \\")
    return "\n".join([
        r"\begin{table}", r"\centering\small", rf"\caption{{{escaped(caption(group, table))}}}",
        rf"\label{{tab:{key}}}", rf"\begin{{tabular}}{{{spec}}}", r"\toprule",
        " & ".join(head) + r" \\", r"\midrule", *body, r"\bottomrule", r"\end{tabular}",
        r"\end{table}", "",
    ])


def escaped(text: str) -> str:
    """Text in which nothing is a command, on one line; what fonts lack becomes a question mark."""
    found = []
    for character in label(text, 600):
        if character in _MEANING:
            found.append(_MEANING[character])
        elif ord(character) < 0x250 or unicodedata.category(character).startswith("L"):
            found.append(character)
        else:
            found.append("?")
    return "".join(found)


def _row(row: Line) -> list[str]:
    name = escaped(row.name) + (rf" {{\footnotesize {escaped(row.point)}}}" if row.point else "")
    cells = []
    for cell in row.cells:
        value = cell.value.replace("−", "-")
        if cell.value == "–":
            value = "{--}"
        elif cell.best:
            value = rf"\bfseries {value}"
        cells += [value, rf"{{\scriptsize [{escaped(cell.interval)}]}}" if cell.interval else ""]
    return [row.rank.replace("-", "--"), name, *cells, row.n]


def _spec(cells: Sequence[Cell]) -> str:
    """An ``S`` column wide enough for its numbers."""
    numbers = [cell.value.replace("−", "-") for cell in cells if cell.value != "–"]
    whole = max((len(number.lstrip("-").partition(".")[0]) for number in numbers), default=1)
    part = max((len(number.partition(".")[2]) for number in numbers), default=0)
    sign = "-" if any(number.startswith("-") for number in numbers) else ""
    return f"S[table-format={sign}{whole}.{part}]"
