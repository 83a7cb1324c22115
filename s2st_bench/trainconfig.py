"""The typed configuration of a training: what ``train.yaml`` and overrides add up to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from s2st_bench.config import NAME, Choice, read_choice, to_plain
from s2st_bench.errors import ConfigError
from s2st_bench.params import construct
from s2st_bench.trainer import Budget

LONGEST_HOURS = 10_000.0


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Which corpus, and how much of it."""

    name: str = "conference"
    hours: float = 16.0
    seed: int = 1
    folder: Path = Path("runs/features")
    """Where what is made of the speech is kept for the next training."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """What the corpus takes."""

    def __post_init__(self) -> None:
        if not 0 < self.hours <= LONGEST_HOURS:
            raise ConfigError(f"data.hours: must be above 0 and at most {LONGEST_HOURS:g}, not "
                              f"{self.hours}")
        _at_least("data.seed", self.seed, 0)


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One training.  ``steps`` to ``batch_s``: none is the model's own."""

    model: Choice
    data: DataConfig = field(default_factory=DataConfig)
    steps: int | None = None
    rate: float | None = None
    warmup: int | None = None
    decay: int | None = None
    batch_s: float | None = None
    seed: int = 1
    save_every: int = 250
    report_every: int = 50
    threads: int | None = None
    init: Path | None = None
    export: bool = False
    name: str | None = None
    out: Path = Path("runs/train")

    def __post_init__(self) -> None:
        for key in ("steps", "save_every", "report_every", "threads"):
            if (value := getattr(self, key)) is not None:
                _at_least(key, value, 1)
        for key in ("warmup", "decay", "seed"):
            if (value := getattr(self, key)) is not None:
                _at_least(key, value, 0)
        for key in ("rate", "batch_s"):
            value = getattr(self, key)
            if value is not None and not 0 < value < math.inf:
                raise ConfigError(f"{key}: must be above 0, not {value}")
        if self.name is not None and not NAME.fullmatch(self.name):
            raise ConfigError("name: a training's name names its folder: at most 120 characters, "
                              f"no slash and no control characters, not {self.name!r}")

    @property
    def folder(self) -> Path:
        """Where it is trained: the same for the same model and seed, unless named."""
        return self.out / (self.name or f"{self.model.name}-seed{self.seed}")

    @property
    def budget(self) -> Budget:
        return Budget(**{f.name: getattr(self, f.name) for f in fields(Budget)})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Check and convert a plain mapping of the composed shape.

        Raises
        ------
        ConfigError
            Naming the key and what was expected.
        """
        plain = dict(values)
        if "model" in plain:
            plain["model"] = read_choice(plain["model"], "model")
        if isinstance(data := plain.get("data"), Mapping):
            own = {f.name for f in fields(DataConfig)} - {"params"}
            rest = {k: v for k, v in data.items() if k not in own}
            plain["data"] = {k: v for k, v in data.items() if k in own} | {"params": rest}
        return construct(cls, plain, "")

    def to_dict(self) -> dict[str, Any]:
        """The plain mapping that :meth:`from_dict` reads."""
        plain: dict[str, Any] = {f.name: to_plain(getattr(self, f.name)) for f in fields(self)}
        plain["data"] |= plain["data"].pop("params")
        return plain

    def to_yaml(self) -> str:
        """The configuration as YAML; itself a valid configuration."""
        import yaml

        text: str = yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True)
        return text


def _at_least(key: str, value: int, low: int) -> None:
    if value < low:
        raise ConfigError(f"{key}: must be at least {low}, not {value}")
