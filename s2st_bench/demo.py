"""The demo: a handful of systems on the embedded corpus, and the board of what came of it.

``configs/demo.yaml`` says what runs.  What an earlier demo finished with the same configuration,
corpus and versions is kept, so a second call only builds the board.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from s2st_bench import host, paths
from s2st_bench.config import RunConfig
from s2st_bench.errors import BenchError, ConfigError
from s2st_bench.registry import Registry
from s2st_bench.runner import OnStatus, run
from s2st_bench.store import RunFolder

FOLDER = "demo"
BOARD = "board"
AUDIO_S = 3600.0
"""Sound the board may hold: all of the demo's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of the demo."""

    name: str
    overrides: tuple[str, ...]


def entries(path: Path | None = None) -> list[Entry]:
    """What the demo runs, in order.

    Raises
    ------
    ConfigError
        The file is not a mapping ``runs: {name: [override, …]}``.
    """
    import yaml

    path = path or paths.shipped_configs() / "demo.yaml"
    try:
        rows = yaml.safe_load(path.read_text("utf-8"))
        common = [str(o) for o in rows.get("common") or ()]
        return [
            Entry(str(name), (*common, *map(str, overrides)))
            for name, overrides in rows["runs"].items()
        ]
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: not a demo (runs: {{name: [override, …]}}): {error}") from None


def run_demo(
    out: Path, *, say: Callable[[str], None] = lambda line: None,
    progress: OnStatus | None = None, chosen: Sequence[Entry] | None = None,
) -> Path:
    """Run what is missing under ``out/demo`` and build the board; returns its page."""
    from s2st_bench.compose import compose
    from s2st_bench.leaderboards.site import build

    registry = Registry()
    todo = list(chosen if chosen is not None else entries())
    folder = out / FOLDER
    runs: list[Path] = []
    for number, entry in enumerate(todo, 1):
        config = compose(
            [*entry.overrides, f"out={_quoted(folder)}", f"name={entry.name}"], registry=registry
        )
        path = folder / entry.name
        runs.append(path)
        if _is_done(path, config):
            continue
        if missing := registry.get("systems", config.system.name).pip_line:
            say(f"{number}/{len(todo)} {entry.name}: skipped, needs {missing}")
            runs.pop()
            continue
        say(f"{number}/{len(todo)} {entry.name}")
        if path.exists():
            shutil.rmtree(path)
        run(config, progress=progress)
    return build(runs, folder / BOARD, audio_s=AUDIO_S)


def _is_done(path: Path, config: RunConfig) -> bool:
    """Whether an earlier demo left this very run, finished and scored."""
    try:
        record = RunFolder(path).record()
        RunFolder(path).scores()
    except BenchError:
        return False
    return (
        record.status == "finished"
        and dict(record.config) == config.to_dict()
        and dict(record.versions) == host.versions()
    )


def _quoted(path: Path) -> str:
    """A path as hydra's grammar takes it."""
    return "'" + str(path).replace("\\", "\\\\").replace("'", "\\'") + "'"
