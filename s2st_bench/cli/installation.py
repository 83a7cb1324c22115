"""``s2st-bench doctor`` without a system: is everything here that a run needs?"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import typer

from s2st_bench.cli.common import table

TOOLS: Mapping[str, str] = {
    "ffmpeg": "reads m4a and other formats that libsndfile does not",
    "espeak-ng": "speaks for the corpus generator",
    "apertium": "rule-based translation in the cascade",
    "chromium": "tests of the board in a browser",
}
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)(\[[^\]]*\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_GATHERED = ("all", "dev", "slow")


def examine(folders: Sequence[Path] = ()) -> dict[str, Any]:
    """The state of this installation; imports no package it looks for."""
    from s2st_bench import __version__
    from s2st_bench.registry import Registry

    packages = {
        extra: {name: _installed(name) for name in names}
        for extra, names in requirements().items()
    }
    registry = Registry(folders)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are the report's problems
        plugins = {kind: len(registry.names(kind)) for kind in ("systems", "metrics", "datasets")}
        registry.options("systems")
    problems = list(registry.problems)
    core_missing = [name for name, version in packages.get("core", {}).items() if version is None]
    problems += [f"{name} is not installed: pip install s2st-bench" for name in core_missing]
    return {
        "version": 1,
        "ok": not problems,
        "s2st_bench": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "packages": packages,
        "tools": {name: shutil.which(name) for name in TOOLS},
        "plugins": plugins,
        "problems": problems,
    }


def requirements() -> dict[str, list[str]]:
    """Distributions by extra (``core``: always needed), as installed or as the checkout says."""
    try:
        lines = metadata.requires("s2st-bench") or []
    except metadata.PackageNotFoundError:
        return _from_checkout()
    found: dict[str, list[str]] = {"core": []}
    for line in lines:
        extra = _EXTRA.search(line)
        found.setdefault(extra.group(1) if extra else "core", []).append(_name(line))
    return _tidy(found)


def _from_checkout() -> dict[str, list[str]]:
    import tomllib

    path = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if not path.is_file():
        return {}
    project = tomllib.loads(path.read_text("utf-8"))["project"]
    extras = {extra: [_name(line) for line in lines]
              for extra, lines in project.get("optional-dependencies", {}).items()}
    return _tidy({"core": [_name(line) for line in project["dependencies"]], **extras})


def _tidy(found: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Without the extras that only gather others."""
    return {
        extra: sorted({name for name in names if name != "s2st-bench"})
        for extra, names in found.items()
        if extra not in _GATHERED
    }


def _name(requirement: str) -> str:
    match = _REQUIREMENT.match(requirement)
    return match.group(1) if match else requirement


def _installed(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def show(report: Mapping[str, Any]) -> None:
    """Print it for people."""
    typer.echo(f"s2st-bench {report['s2st_bench']}, Python {report['python']}, "
               f"{report['cores']} cores, {report['platform']}")
    rows = []
    for extra, packages in report["packages"].items():
        missing = [name for name, version in packages.items() if version is None]
        have = [f"{name} {version}" for name, version in packages.items() if version is not None]
        how = f'missing {", ".join(missing)}: pip install "s2st-bench[{extra}]"'
        if extra == "core":
            how = f"missing {', '.join(missing)}: pip install s2st-bench"
        rows.append([extra, "ready" if not missing else how, ", ".join(have)])
    typer.echo("\npackages by extra\n" + _indented(table(rows)))
    tools = [[name, path or "not found", TOOLS[name]] for name, path in report["tools"].items()]
    typer.echo("\nprograms (each optional)\n" + _indented(table(tools)))
    counts = ", ".join(f"{count} {kind}" for kind, count in report["plugins"].items())
    typer.echo(f"\nplugins: {counts}")
    for problem in report["problems"]:
        typer.echo(f"problem: {problem}")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
