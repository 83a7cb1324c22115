"""The two files of a run's scores: written together, and read from whichever serves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError, RunError
from s2st_bench.store import RunFolder, write_atomically

from .json_rows import left_outs, per_recording
from .parquet import ParquetScores, write
from .table import LeftOut, PerRecording

JSON, PARQUET = "scores.json", "scores.parquet"
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Scores:
    """What scoring left in a run folder."""

    corpus: list[dict[str, Any]]
    """Rows of ``scores.json``, unchecked."""
    recordings: PerRecording
    left_out: Mapping[str, LeftOut]
    """By metric; only of metrics and releases that write it."""


def write_scores(run: Path, scores: Mapping[str, Any]) -> tuple[str, ...]:
    """Write ``scores.json`` and, where pyarrow is installed, ``scores.parquet``; gives the names of
    the files written.

    Raises
    ------
    RunError
        One of them cannot be written.
    """
    text = json.dumps(scores, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    write_atomically(run / JSON, text)
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    try:
        write(run / PARQUET, scores, digest)
    except ImportError:
        return (JSON,)
    except OSError as error:
        raise RunError(f"{run / PARQUET}: cannot be written ({error.strerror or error})"
                       ) from error
    return (JSON, PARQUET)


def read_scores(folder: RunFolder) -> Scores:
    """The scores of a run folder.

    Raises
    ------
    InputError
        There are none, or they are damaged.
    """
    columns = _matching(folder.path)
    if columns is not None:
        return columns
    table = folder.scores()
    try:
        return Scores(list(table["corpus"]), per_recording(table["recordings"]),
                      left_outs(table.get("left_out") or {}))
    except _DAMAGED as error:
        raise InputError(f"{folder.path / JSON}: not scores of this release ({error!r}); "
                         "score the run again") from None


def _matching(run: Path) -> Scores | None:
    """The columns of ``scores.parquet``, if it is of the scores.json beside it."""
    if not (run / PARQUET).is_file():
        return None
    # the same numbers stand in scores.json, which says what is wrong if anything is
    with suppress(ImportError, OSError, InputError, *_DAMAGED), (run / JSON).open("rb") as file:
        found = ParquetScores(run / PARQUET)
        if hashlib.file_digest(file, "sha256").hexdigest() == found.sha256:
            return Scores(found.corpus, found.recordings(), found.left_outs())
    return None
