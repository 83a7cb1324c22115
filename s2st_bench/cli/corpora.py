"""The corpus that a verb is about, with its options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from s2st_bench.corpus import Corpus

DatasetName = Annotated[
    str, typer.Argument(metavar="DATASET", help="A corpus of `s2st-bench ls datasets`.",
                        show_default=False),
]
DatasetOptions = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE", show_default=False,
        help="As for run: dataset.path=DIR dataset.pair=en-de dataset.split=dev",
    ),
]


def corpus_of(
    verb: str, dataset: str, overrides: Sequence[str], folders: Sequence[Path]
) -> Corpus:
    """The corpus, composed as a run composes it.

    Raises
    ------
    UsageError
        An option is not one of a corpus, or is wrong.
    """
    from s2st_bench.build import build_corpus
    from s2st_bench.compose import compose
    from s2st_bench.errors import UsageError
    from s2st_bench.registry import Registry

    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        if not key.startswith("dataset.") and key not in ("source_lang", "target_lang"):
            raise UsageError(f"{override}: {verb} takes dataset.KEY=VALUE, source_lang=… and "
                             "target_lang=…")
    registry = Registry(folders)
    # a run wants a system; which one, the corpus never learns
    config = compose([f"dataset={dataset}", "system=silent", "score=false", *overrides],
                     registry=registry)
    return build_corpus(config.dataset, registry, source_lang=config.source_lang,
                        target_lang=config.target_lang)
