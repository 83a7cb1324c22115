"""What a trainer is: it makes a system's models from a corpus' training material.

A trainer is found like any plugin, by a ``[[trainer]]`` table in the manifest of its system, and
takes its options as annotated keyword arguments.  Importing and constructing one loads nothing
heavy: options are checked before a framework is asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from s2st_bench.corpus import TrainingCorpus


@dataclass(frozen=True, slots=True)
class Material:
    """What is trained on: ``hours`` of speech, all languages together, made from ``seed``.

    ``folder`` is where a trainer may keep what it makes of the speech; trainings share it.
    """

    corpus: TrainingCorpus
    hours: float
    seed: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Budget:
    """How long and how fast; none: as the model's own recipe says.

    ``batch_s`` is seconds of speech in a batch.  ``warmup`` and ``decay`` are steps over which the
    rate rises to ``rate``, and falls to nothing at the end.
    """

    steps: int | None = None
    rate: float | None = None
    warmup: int | None = None
    decay: int | None = None
    batch_s: float | None = None
    seed: int = 1
    save_every: int = 250
    report_every: int = 50
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of one of the models a training makes; ``values`` at reports only."""

    model: str
    step: int
    steps: int
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One training.

    What ``out`` holds of an earlier, interrupted call with the same job is gone on with.
    ``init`` is a checkpoint to start from, or whatever else the trainer knows by such a name;
    ``export`` asks for weights that a system can run.
    """

    material: Material
    budget: Budget
    out: Path
    init: Path | None = None
    export: bool = False
    report: Callable[[Progress], None] = lambda progress: None


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it: files by model, and the folder of weights if it was asked for."""

    checkpoints: Mapping[str, Path]
    logs: Mapping[str, Path]
    weights: Path | None = None


class Trainer(ABC):
    """Trains one kind of model."""

    @abstractmethod
    def train(self, job: Job) -> Trained:
        """Train, or go on.

        On an interrupt what was trained so far is saved before ``KeyboardInterrupt`` (or
        :class:`~s2st_bench.errors.Interrupted`, with how far it came) leaves.

        Raises
        ------
        ConfigError
            ``init`` is missing where it is needed, or is of another model.
        DependencyError
            A framework is not installed.
        """
