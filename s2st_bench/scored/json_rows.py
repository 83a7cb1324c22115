"""Scores of recordings from the rows of ``scores.json``, which may be anybody's.

All raise KeyError, TypeError, ValueError or AttributeError where a row is not of that shape.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from s2st_bench.metric import Floats

from .table import LeftOut, LeftOuts, PerRecording


def per_recording(rows: Sequence[Mapping[str, Any]]) -> PerRecording:
    """The table of ``scores.json``'s ``recordings``."""
    columns: dict[str, Floats] = {}
    failures: dict[int, tuple[str, str]] = {}
    reasons: dict[int, Mapping[str, str]] = {}
    for at, row in enumerate(rows):
        for name, value in row["scores"].items():
            if (column := columns.get(name)) is None:
                column = columns[str(name)] = np.full(len(rows), np.nan)
            if (known := number(value)) is not None:
                column[at] = known
        if error := row.get("error"):
            failures[at] = failure(error)
        if why := row.get("reasons"):
            reasons[at] = {str(name): str(text) for name, text in why.items()}
    return PerRecording(
        [str(row["id"]) for row in rows], [str(row.get("target_lang") or "") for row in rows],
        np.array([int(row.get("repeat") or 0) for row in rows], dtype=np.intp),
        tuple(columns), columns.__getitem__, failures, lambda: reasons,
    )


def failure(error: Any) -> tuple[str, str]:
    """(kind, message) of a row's error; early releases wrote the message alone."""
    if isinstance(error, str):
        return "raised", error
    return str(error.get("kind") or "raised"), str(error.get("message") or "")


def left_outs(row: Mapping[str, Any]) -> LeftOuts:
    """The table of ``scores.json``'s ``left_out``."""
    clusters = tuple(str(name) for name in row.get("clusters", ()))
    found = {}
    for metric, one in row.get("metrics", {}).items():
        n_items, values = (np.array(one[key], dtype=np.float64) for key in ("n", "values"))
        if not (n_items.shape == values.shape == (len(clusters),) and np.isfinite(values).all()):
            raise ValueError(f"left_out of {metric}: not a number for each cluster")
        found[str(metric)] = LeftOut(clusters, n_items, values)
    return LeftOuts(tuple(found), found.__getitem__)


def number(value: Any) -> float | None:
    """A finite float, or none."""
    if value is None:
        return None
    found = float(value)
    return found if math.isfinite(found) else None
