"""Tab-separated tables of corpora: a row a line, columns by name or by number.

Quotes mean nothing: a field may begin with one and never close it.  Where the corpus escapes with
a backslash (``pandas.read_csv(…, quoting=QUOTE_NONE, escapechar="\\\\")``), ``\\t`` after one is no
end of a field, and ``\\\\`` and ``\\"`` are the characters themselves.  Lines are those of
:class:`~s2st_bench.corpora.lines.Lines`; tables are streamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from s2st_bench.corpora.finding import Finding, Place
from s2st_bench.corpora.lines import Lines

Cells = tuple[int, list[str]]
"""A row: its line, and the fields that were asked for, in the order they were asked for."""

_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def named_rows(
    path: Path, columns: Sequence[str], *, escaped: bool = False
) -> Iterator[Cells | Finding]:
    """Rows of a table whose first line names its columns; ``columns`` are the ones wanted.

    A finding stands for a line that is no row; its ``recording`` is ``line-<number>``.

    Raises
    ------
    DamagedCorpus
        The file is missing, not UTF-8, or lacks a column.
    """
    lines = Lines(path)
    try:
        head = next(lines, "")
        names = head.split("\t")
        missing = [name for name in columns if name not in names]
        if missing:
            raise Finding(
                "bad-header", Place(path, 1), f"no column {', '.join(missing)}; the first line is "
                f"{head[:80]!r}", f"the first line names the columns: {', '.join(columns)}"
            ).damage()
        wanted = [names.index(name) for name in columns]
        yield from _rows(lines, len(names), wanted, escaped)
    finally:
        lines.close()


def numbered_rows(path: Path, n_columns: int) -> Iterator[Cells | Finding]:
    """Rows of a table without names, of ``n_columns`` fields; else as :func:`named_rows`."""
    lines = Lines(path)
    try:
        yield from _rows(lines, n_columns, None, False)
    finally:
        lines.close()


def is_name(name: str) -> bool:
    """Whether a field can be the name of a file inside a folder, and leads nowhere else."""
    return name not in ("", ".", "..") and "/" not in name and "\x00" not in name


def _rows(
    lines: Lines, n_columns: int, wanted: Sequence[int] | None, escaped: bool
) -> Iterator[Cells | Finding]:
    n_blank, n_rows = 0, 0
    for line in lines:
        cells = _escaped(line) if escaped and "\\" in line else line.split("\t")
        if cells is not None and len(cells) == n_columns:
            n_rows += 1
            yield lines.number, cells if wanted is None else [cells[k] for k in wanted]
        elif not line.strip():
            n_blank += 1
        else:
            problem = (f"{len(cells)} columns instead of {n_columns}" if cells is not None else
                       "ends in a lone backslash, which joins it with the next line")
            yield Finding("bad-row", Place(lines.path, lines.number), problem,
                          "restore the line from the corpus as it was distributed",
                          recording=f"line-{lines.number}")
    if n_blank:
        yield Finding("blank-lines", Place(lines.path), f"{n_blank} blank lines",
                      "nothing: they are no rows", "note")
    if not n_rows:
        yield Finding("no-segments", Place(lines.path), "no rows", "copy the file again")
    yield from lines.notes()


def _escaped(line: str) -> list[str] | None:
    """Fields of a line with backslashes; none where the last one escapes nothing."""
    cells: list[str] = []
    is_open = False
    for part in line.split("\t"):
        if is_open:
            cells[-1] += "\t" + part
        else:
            cells.append(part)
        is_open = (len(part) - len(part.rstrip("\\"))) % 2 == 1
    return None if is_open else [_ESCAPED.sub(r"\1", cell) for cell in cells]
