"""The demo: a handful of systems on the embedded corpus, and the board of what came of it.

``configs/demo.yaml`` says what runs.  What an earlier demo finished with the same configuration,
corpus and versions is kept, so a second call only builds the board.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from s2st_bench import host, paths
from s2st_bench.config import RunConfig
from s2st_bench.errors import BenchError, ConfigError
from s2st_bench.registry import Registry
from s2st_bench.runner import OnStatus, run
from s2st_bench.store import RunFolder
from s2st_bench.trust.examine import Settings
from s2st_bench.trust.report import read_trust

FOLDER = "demo"
BOARD = "board"
AUDIO_S = 3600.0
"""Sound the board may hold: all of the demo's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of the demo."""

    name: str
    overrides: tuple[str, ...]
    trust: Settings | None = None
    """How its system is checked afterwards; none: it is not."""


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
        checked = rows.get("trust") or {"runs": ()}
        settings = Settings(**{key: int(n) for key, n in checked.items() if key != "runs"},
                            workers=min(2, host.cores()))
        return [
            Entry(str(name), (*common, *map(str, overrides)),
                  settings if name in checked["runs"] else None)
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
            _check(entry, path, registry, say)
            continue
        if missing := registry.get("systems", config.system.name).pip_line:
            say(f"{number}/{len(todo)} {entry.name}: skipped, needs {missing}")
            runs.pop()
            continue
        say(f"{number}/{len(todo)} {entry.name}")
        if path.exists():
            shutil.rmtree(path)
        run(config, progress=progress)
        _check(entry, path, registry, say)
    return build(runs, folder / BOARD, audio_s=AUDIO_S)


def _check(entry: Entry, path: Path, registry: Registry, say: Callable[[str], None]) -> None:
    """The trust checks of an entry that asks for them, unless they lie in its folder."""
    folder = RunFolder(path)
    if entry.trust is None or read_trust(path, folder.record()).state == "checked":
        return
    from s2st_bench.trust.subject import judge, subject_of

    say(f"{entry.name}: trust checks")
    record = folder.record()
    config = replace(RunConfig.from_dict(record.config), source_lang=record.source_lang,
                     target_lang=record.target_lang)
    subject = subject_of(config, registry, list(folder.recordings()))
    judge(subject, entry.trust, traces=tuple(folder.traces())).write(path)


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
