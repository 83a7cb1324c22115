"""All files of a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from s2st_bench.errors import DependencyError, RunError
from s2st_bench.standings.entries import read_entries
from s2st_bench.standings.tables import Group, Table, make_groups
from s2st_bench.store import write_atomically

from . import latex, load, methods, plain, plots


def build(runs: Sequence[Path], out: Path) -> tuple[list[Path], list[str]]:
    """Write the report of run folders into ``out``: the files, and what was left out and why.

    Raises
    ------
    InputError
        A folder that is no scored run.
    RunError
        A file cannot be written.
    """
    written: list[Path] = []
    notes: list[str] = []
    groups = make_groups(read_entries(runs, notes.append))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{out}: cannot be made ({error.strerror})") from None

    def write(name: str, text: str) -> None:
        write_atomically(out / name, text)
        written.append(out / name)

    markdown = []
    for group, table, key in _tables(groups):
        write(f"{key}.tex", latex.document(group, table, key))
        markdown.append(plain.as_markdown(group, table))
        try:
            written += plots.draw(table, out / key)
        except DependencyError as error:
            notes = [*dict.fromkeys([*notes, str(error)])]
    write("tables.md", "\n\n".join(filter(None, [*markdown, load.as_markdown(groups)])))
    write("numbers.csv", plain.as_csv(groups))
    if levels := load.as_csv(groups):
        write("load.csv", levels)
    write("methods.txt", methods.paragraph(groups))
    metrics = {name for group in groups for entry in group.entries for name in entry.scores}
    write("references.bib", "\n".join(r.text for r in methods.cited(metrics)))
    return written, notes


def _tables(groups: Sequence[Group]) -> list[tuple[Group, Table, str]]:
    found = []
    for group in groups:
        for name, view in (("unaware", group.unaware), ("aware", group.aware)):
            for number, table in enumerate(view, 1):
                suffix = f"-{number}" if len(view) > 1 else ""
                found.append((group, table, f"{group.key}-{name}{suffix}"))
    return found
