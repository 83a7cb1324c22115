"""All files of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from s2st_bench.errors import DependencyError, RunError
from s2st_bench.reports.summary import Summary, as_text, summarise
from s2st_bench.standings.entries import read_entries
from s2st_bench.standings.reruns import find_reruns
from s2st_bench.standings.tables import Group, Table, make_groups
from s2st_bench.store import write_atomically

from . import latex, load, methods, plain, plots, reruns

TARGET_S = 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """What was written."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]
    """What was left out, and why."""
    summaries: tuple[Summary, ...]


def build(runs: Sequence[Path], out: Path, target_s: float = TARGET_S) -> Report:
    """Write the report of run folders into ``out``; ``target_s`` is the lag that summaries judge.

    Raises
    ------
    InputError
        A folder that is no scored run.
    RunError
        A file cannot be written.
    """
    written: list[Path] = []
    notes: list[str] = []
    entries = read_entries(runs, notes.append)
    groups = make_groups(entries)
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
    summaries = tuple(summarise(entry, target_s) for entry in entries)
    write("summary.txt", "\n\n".join(map(as_text, summaries)) + "\n")
    if found := find_reruns(entries):
        write("reruns.md", reruns.as_markdown(found))
    return Report(tuple(written), tuple(notes), summaries)


def _tables(groups: Sequence[Group]) -> list[tuple[Group, Table, str]]:
    found = []
    for group in groups:
        for name, view in (("unaware", group.unaware), ("aware", group.aware)):
            for number, table in enumerate(view, 1):
                suffix = f"-{number}" if len(view) > 1 else ""
                found.append((group, table, f"{group.key}-{name}{suffix}"))
    return found
