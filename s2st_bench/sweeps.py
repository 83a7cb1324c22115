"""Named sweeps: ``sweep=NAME`` stands for the overrides of ``configs/sweep/NAME.yaml``.

The file maps keys to values as they would be typed::

    system: wait_k
    system.k: 1,3,5,7,9
    dataset: conference
    out: runs/wait_k
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

from s2st_bench.errors import ConfigError

_KEY = "sweep="


def expand(overrides: Sequence[str], sweeps: Mapping[str, Path]) -> list[str]:
    """Overrides with each ``sweep=NAME`` replaced by its own, which those beside it outdo.

    Raises
    ------
    ConfigError
        There is no sweep of that name, or its file is not a mapping of keys to values.
    """
    given = {text.strip().lstrip("+").partition("=")[0] for text in overrides}
    expanded = []
    for text in overrides:
        if sweeps and text.strip().startswith(_KEY):
            found = _read(text.strip().removeprefix(_KEY), sweeps)
            expanded += [f"{key}={value}" for key, value in found.items() if key not in given]
    # the rest last: what a sweep chooses must be there before it is changed
    return expanded + [text for text in overrides
                       if not (sweeps and text.strip().startswith(_KEY))]


def _read(name: str, sweeps: Mapping[str, Path]) -> dict[str, str]:
    import yaml

    if name not in sweeps:
        near = difflib.get_close_matches(name, sweeps, n=1)
        hint = f" Did you mean sweep={near[0]} ?" if near else ""
        raise ConfigError(f"sweep={name}: no such sweep.{hint} Available: {', '.join(sweeps)}")
    path = sweeps[name]
    try:
        rows = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(rows, dict):
        raise ConfigError(f"{path}: expected a mapping of overrides")
    for key, value in rows.items():
        if not isinstance(key, str) or not isinstance(value, str | int | float):
            raise ConfigError(f"{path}: {key}: expected a value as it would be typed, such as "
                              f"'1,3,5', not {value!r}")
    return {key: str(value) for key, value in rows.items()}
