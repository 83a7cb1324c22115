"""``s2st-bench validity``: what each metric says of an interpreter whose behaviour is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2st_bench.cli.common import PluginDirs, registry_of

if TYPE_CHECKING:
    from s2st_bench.validity.rows import Study


def validity(
    ctx: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where validity.json and .md are written.")
    ] = Path("validity"),
    sentences: Annotated[
        int, typer.Option(min=1, max=66, help="Sentences of short form.")
    ] = 66,
    talks: Annotated[int, typer.Option(min=1, max=6, help="Talks of long form.")] = 2,
    plugin_dir: PluginDirs = None,
) -> None:
    """Measure bias and sensitivity of every metric, ours and each peer's variant.

    A simulated interpreter with known lag, drift, omissions, errors, revisions and compute goes
    through the embedded corpus; under a minute.  Prints the table's path last.
    """
    from s2st_bench.errors import UsageError
    from s2st_bench.store import write_atomically
    from s2st_bench.validity import joined, report, studies
    from s2st_bench.validity.observe import Interpreting

    registry = registry_of(ctx, plugin_dir)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written ({error.strerror})") from None
    given = studies.material(registry, sentences, talks)
    rows = studies.run_studies(given, registry, progress=_say)
    typer.echo("resegmenters", err=True)
    cut = joined.run_boundaries(
        Interpreting(given.short, studies.TARGET_LANG, registry), registry)
    found = report.Findings(rows, cut, len(given.short), len(given.long),
                            studies.SOURCE_LANG, studies.TARGET_LANG)
    write_atomically(out / "validity.json", report.to_json(found))
    write_atomically(out / "validity.md", report.to_markdown(found))
    typer.echo(out / "validity.md")


def _say(study: Study) -> None:
    typer.echo(f"{study.knob}, {study.form} form", err=True)
