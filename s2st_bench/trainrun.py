"""A training from its configuration to its folder.

::

    config.yaml     the composed configuration
    train.json      what it ran with: versions, host, commit, times, status
    …               checkpoints and logs, as the trainer leaves them
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from s2st_bench import host
from s2st_bench.build import build_corpus
from s2st_bench.config import Choice
from s2st_bench.corpus import TrainingCorpus
from s2st_bench.errors import BenchError, ConfigError, InputError, RunError
from s2st_bench.params import construct
from s2st_bench.registry import Registry
from s2st_bench.store import write_atomically
from s2st_bench.trainconfig import TrainConfig
from s2st_bench.trainer import Job, Material, Progress, Trained, Trainer

CONFIG = "config.yaml"
RECORD = "train.json"
_MAY_DIFFER = frozenset({"name", "out", "save_every", "report_every", "threads", "export"})
"""Settings that change no weight: a training may go on with others."""


def train(
    config: TrainConfig, *, plugin_dirs: Sequence[Path] = (),
    report: Callable[[Progress], None] = lambda progress: None,
) -> Trained:
    """Train, or go on with what the folder holds of the same configuration.

    Raises
    ------
    BenchError
        Anything that keeps it from being done.
    """
    registry = Registry(plugin_dirs)
    cls: type[Trainer] = registry.get("trainers", config.model.name).load()
    trainer = construct(cls, config.model.params, "model")
    corpus = build_corpus(Choice(config.data.name, config.data.params), registry, where="data")
    if not isinstance(corpus, TrainingCorpus):
        raise ConfigError(f"data={config.data.name}: this corpus has nothing to train on (it is "
                          "no s2st_bench.corpus.TrainingCorpus); try data=conference")
    folder = config.folder
    material = Material(corpus, config.data.hours, config.data.seed,
                        config.data.folder / config.data.name)
    with _held(folder):
        _check_same(folder, config)
        write_atomically(folder / CONFIG, config.to_yaml())
        record = {"version": 1, "config": config.to_dict(), "git_commit": host.git_commit(),
                  "versions": host.versions(), "host": host.describe(), "started_at": _now()}
        _write(folder, record, "running")
        try:
            trained = trainer.train(
                Job(material, config.budget, folder, config.init, config.export, report)
            )
        except (KeyboardInterrupt, BenchError):
            _write(folder, record, "interrupted")
            raise
        _write(folder, record, "finished")
    return trained


def _write(folder: Path, record: Mapping[str, Any], status: str) -> None:
    ended = {} if status == "running" else {"finished_at": _now()}
    line = json.dumps({**record, **ended, "status": status}, ensure_ascii=False, indent=2)
    write_atomically(folder / RECORD, line + "\n")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """The folder, made where there is none, for this process alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("wb")
    except OSError as error:
        raise RunError(f"{folder}: cannot be made ({error.strerror}); give out=…") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"{folder}: another training is writing here; wait for it or give "
                           "name=…") from None
        yield


def _check_same(folder: Path, config: TrainConfig) -> None:
    """Refuse a folder that another configuration has been trained in."""
    path = folder / CONFIG
    if not path.exists():
        return
    import yaml

    try:
        old = yaml.safe_load(path.read_text("utf-8"))
        if not isinstance(old, dict):
            raise ValueError("not a mapping")
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())}); remove "
                         f"{folder} or give name=…") from None
    new = config.to_dict()
    differ = [f"{key} was {old.get(key)!r}, now {new.get(key)!r}"
              for key in sorted({*map(str, old), *new} - _MAY_DIFFER)
              if old.get(key) != new.get(key)]
    if differ:
        raise RunError(f"{folder}: holds a training with another configuration: "
                       f"{'; '.join(differ)}; give name=… or remove the folder")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
