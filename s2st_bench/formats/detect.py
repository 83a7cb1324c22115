"""Which tool wrote a log: by its folder's files, its suffix, then the keys of its first lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from s2st_bench.errors import InputError
from s2st_bench.formats import omnisteval, resegmented, simulstreaming, sltev
from s2st_bench.formats.log import json_lines, text_lines

RUN = "run"
TRACE = "trace"

_KEYS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = MappingProxyType({
    TRACE: lambda row: "recording_id" in row and "steps" in row,
    resegmented.NAME: lambda row: "segid" in row and "prediction" in row,
    "simuleval": lambda row: "index" in row and "prediction" in row,
    omnisteval.NAME: lambda row: "source" in row and "prediction" in row,
    "simulstream": lambda row: "generated_tokens" in row or "model_loading_time" in row
    or "metadata" in row,
    simulstreaming.NAME: lambda row: "emission_time" in row,
})
FORMATS = (*_KEYS, sltev.NAME)
_FILES = MappingProxyType({
    "run.json": RUN, "instances.log": "simuleval", resegmented.FILE: resegmented.NAME,
    omnisteval.FILE: omnisteval.NAME, "metrics.jsonl": "simulstream", "traces.jsonl": TRACE,
})
"""What a folder holds that a tool wrote."""


def detect(path: Path) -> str:
    """``run`` (a run folder) or one of :data:`FORMATS`.

    Raises
    ------
    InputError
        No such file, or nothing that is known.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.is_dir():
        return _of_folder(path)
    if path.suffix in sltev.SUFFIXES:
        return sltev.NAME
    first = next((line for _, line in text_lines(path, []) if line.strip()), "")
    if simulstreaming.TEXT_LINE.match(first):
        return simulstreaming.NAME
    for _, row in islice(json_lines(path, []), 3):
        for name, fits in _KEYS.items():
            if fits(row):
                return name
    raise InputError(f"{path}: not a log this release knows; name its format with --format "
                     f"{'|'.join(FORMATS)}")


def _of_folder(path: Path) -> str:
    for name, found in _FILES.items():
        if (path / name).is_file():
            return found
    if any(file.suffix in sltev.SUFFIXES for file in path.iterdir()):
        return sltev.NAME
    for file in sorted(path.glob(f"*{simulstreaming.SUFFIX}")):
        return detect(file)
    raise InputError(f"{path}: neither a run folder (run.json) nor a tool's output folder "
                     f"({', '.join(_FILES)})")
