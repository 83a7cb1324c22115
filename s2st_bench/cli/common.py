"""What the verbs share: the plugin folders option, tables, text that cannot harm a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from s2st_bench.registry import Registry

PluginDirs = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin-dir", metavar="DIR", show_default=False,
        help="Folder with systems/, metrics/ or datasets/ of your own; may be repeated.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def folders_of(ctx: typer.Context, given: Sequence[Path] | None = None) -> list[Path]:
    """Plugin folders named before and after the verb; each must exist."""
    from s2st_bench.errors import UsageError

    folders = [*(ctx.obj or []), *(given or [])]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--plugin-dir {folder}: no such folder")
    return folders


def registry_of(ctx: typer.Context, given: Sequence[Path] | None = None) -> Registry:
    """The registry with the user's folders."""
    from s2st_bench.registry import Registry

    return Registry(folders_of(ctx, given))


def runs_here(paths: list[Path] | None) -> list[Path] | None:
    """Callback of arguments that are run folders: those named by an address, copied here."""
    from s2st_bench.remote import here

    return None if paths is None else [found for path in paths for found in here(path)]


def run_here(path: Path | None) -> Path | None:
    """The same of one run folder."""
    from s2st_bench.errors import UsageError

    found = runs_here(None if path is None else [path])
    if found is not None and len(found) > 1:
        raise UsageError(f"{path}: holds {len(found)} runs, name one: "
                         f"{', '.join(run.name for run in found[:5])}")
    return found[0] if found else None


def printable(text: str) -> str:
    """One line without control characters or direction overrides: what a system said must not
    move the cursor or hide what follows.
    """
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" if c not in "\n\t" else " "
                   for c in text)


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Columns set flush; ``right`` are the columns of numbers."""
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) if i in right else cell.ljust(width)
                 for i, (cell, width) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def signatures(made: Sequence[tuple[str, str]]) -> str:
    """One line for all metrics made alike, from (metric, signature)."""
    from s2st_bench.signature import Signature

    alike: dict[str, list[str]] = {}
    for metric, signature in made:
        fields = Signature.parse(signature).fields
        rest = Signature(tuple(f for f in fields if f[0] != "metric"))
        alike.setdefault(rest.verbose(), []).append(metric)
    return "\n".join(f"{', '.join(names)}: {rest}" for rest, names in alike.items())
