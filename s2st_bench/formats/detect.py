"""Which tool wrote a log: by its folder's files, then by the keys of its first lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from s2st_bench.errors import InputError
from s2st_bench.formats.log import json_lines

RUN = "run"
TRACE = "trace"

_KEYS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = MappingProxyType({
    TRACE: lambda row: "recording_id" in row and "steps" in row,
    "simuleval": lambda row: "index" in row and "prediction" in row,
    "simulstream": lambda row: "generated_tokens" in row or "model_loading_time" in row
    or "metadata" in row,
})
FORMATS = (TRACE, *(name for name in _KEYS if name != TRACE))


def detect(path: Path) -> str:
    """``run`` (a run folder), ``trace``, ``simuleval``, ``simulstream``.

    Raises
    ------
    InputError
        No such file, or nothing that is known.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.is_dir():
        if (path / "run.json").is_file():
            return RUN
        if (path / "instances.log").is_file():
            return "simuleval"
        raise InputError(f"{path}: neither a run folder (run.json) nor an output folder of "
                         "SimulEval (instances.log)")
    for _, row in islice(json_lines(path, []), 3):
        for name, fits in _KEYS.items():
            if fits(row):
                return name
    raise InputError(f"{path}: not a log this release knows; name its format with --format "
                     f"{'|'.join(FORMATS)}")


