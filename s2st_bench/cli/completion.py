"""Shell completion of overrides, from file names only: no plugin and no hydra is imported.

``run <TAB>`` gives keys, ``system=<TAB>`` the systems there are, ``system.<TAB>`` the parameters
of the system chosen before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

_VALUES = {"stages": ("sequential", "concurrent"), "score": ("true", "false"),
           "outputs": ("[text]", "[speech]", "[text,speech]")}


def complete_override(ctx: typer.Context, incomplete: str) -> list[str]:
    """Typer's entry for ``run``."""
    return _complete(ctx, incomplete, "run")


def complete_training(ctx: typer.Context, incomplete: str) -> list[str]:
    """Typer's entry for ``train``."""
    return _complete(ctx, incomplete, "train")


def complete_serving(ctx: typer.Context, incomplete: str) -> list[str]:
    """Typer's entry for ``serve``."""
    return _complete(ctx, incomplete, "serve")


def _complete(ctx: typer.Context, incomplete: str, verb: str) -> list[str]:
    import warnings

    parent = ctx.parent.params.get("plugin_dir") if ctx.parent else None
    folders = [Path(p) for p in (*(parent or ()), *(ctx.params.get("plugin_dir") or ()))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return complete(ctx.params.get("overrides") or [], incomplete, folders, verb)


def complete(
    words: Sequence[str], incomplete: str, folders: Sequence[Path] = (), verb: str = "run"
) -> list[str]:
    """What may stand for ``incomplete`` after ``words``.

    bash hands ``system=ca`` over as three words and replaces only the last; then bare values
    are given.
    """
    files = _choices(folders, verb)
    if incomplete == "=" and words:
        return _matching(_values(words[-1], files), "")
    if len(words) >= 2 and words[-1] == "=":
        return _matching(_values(words[-2], files), incomplete)
    key, equals, value = incomplete.partition("=")
    if equals:
        return [f"{key}={found}" for found in _matching(_values(key, files), value)]
    shipped = _shipped(f"{verb}.yaml")
    keys = {f"{group}=" for group in files} | {f"{name}=" for name in _keys(shipped)}
    for group in files:
        if chosen := _chosen(group, words, files):
            keys |= {f"{group}.{name}=" for name in _keys(chosen) if name != "name"}
    return _matching(sorted(keys), incomplete)


def _choices(folders: Sequence[Path], verb: str) -> Mapping[str, Mapping[str, Path]]:
    """What can be chosen by name."""
    from s2st_bench.registry import SERVE_GROUPS, TRAIN_GROUPS, Registry

    registry = Registry(folders)
    if verb == "run":
        return registry.groups()
    if verb == "serve":
        return {group: registry.options(kind) for group, kind in SERVE_GROUPS.items()}
    return {**{group: registry.options(kind) for group, kind in TRAIN_GROUPS.items()},
            "data": registry.options("datasets")}


def _values(key: str, files: Mapping[str, Mapping[str, Path]]) -> list[str]:
    group = "system" if key.endswith(".inner") else key
    return sorted(files.get(group, {})) or list(_VALUES.get(key, ()))


def _chosen(
    group: str, words: Sequence[str], files: Mapping[str, Mapping[str, Path]]
) -> Path | None:
    """The configuration of a group that the words before chose."""
    text = " ".join(words).replace(" = ", "=")
    names = [w.partition("=")[2] for w in text.split() if w.startswith(f"{group}=")]
    return files[group].get(names[-1]) if names else None


def _keys(path: Path) -> list[str]:
    """Top-level keys of a flat YAML file."""
    import yaml

    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return []
    return [str(key) for key in found if key != "defaults"] if isinstance(found, dict) else []


def _shipped(name: str) -> Path:
    from s2st_bench.paths import shipped_configs

    return shipped_configs() / name


def _matching(candidates: Sequence[str], start: str) -> list[str]:
    return [candidate for candidate in candidates if candidate.startswith(start)]
