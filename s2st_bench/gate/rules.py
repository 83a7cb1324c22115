"""What is gated: for each metric how much worse is too much, and what no value may exceed.

::

    alpha: 0.01            # chance of any false regression, over all gated metrics together
    margins:
      BLEU: 1.0            # in the metric's unit
      LAAL: 5%             # of the baseline's value
    limits:
      "UnitLag@p95": 4000  # the worst value that passes, baseline or not

A margin of 0 gates every loss that is beyond doubt.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from s2st_bench import paths
from s2st_bench.errors import ConfigError

DEFAULT = "default"
ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class Margin:
    """How much worse is too much."""

    amount: float
    relative: bool = False
    """A share of the baseline's value, not an amount in its unit."""

    def of(self, baseline: float) -> float:
        """In the metric's unit."""
        return abs(baseline) * self.amount if self.relative else self.amount

    def __str__(self) -> str:
        return f"{100 * self.amount:g}%" if self.relative else f"{self.amount:g}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a gate looks at."""

    margins: Mapping[str, Margin]
    limits: Mapping[str, float] = field(default_factory=dict)
    """The worst value that passes."""
    alpha: float = ALPHA

    def only(self, names: Sequence[str]) -> Rules:
        """The rules of some metrics.

        Raises
        ------
        ConfigError
            One of them has no rule.
        """
        known = self.margins.keys() | self.limits.keys()
        if unknown := [name for name in names if name not in known]:
            raise ConfigError(f"{unknown[0]}: no rule gates it; the rules name "
                              f"{', '.join(sorted(known))}")
        return replace(
            self,
            margins={name: m for name, m in self.margins.items() if name in names},
            limits={name: limit for name, limit in self.limits.items() if name in names},
        )


def load(name: str = DEFAULT) -> Rules:
    """Rules of ``configs/gate/NAME.yaml``, or of the file at that path.

    Raises
    ------
    ConfigError
        Naming the file and what is wrong in it.
    """
    import yaml

    folder = paths.shipped_configs() / "gate"
    path = Path(name) if Path(name).suffix in (".yaml", ".yml") else folder / f"{name}.yaml"
    try:
        row = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ConfigError(f"{path}: cannot be read as rules ({reason}); shipped rules: {known}; "
                          "your own are a .yaml file") from None
    return parse(row, str(path))


def parse(row: Any, where: str) -> Rules:
    """Rules from a mapping; raises ConfigError naming ``where`` and the key."""
    if not isinstance(row, Mapping):
        raise ConfigError(f"{where}: a mapping with margins and limits is wanted")
    if unknown := sorted(str(key) for key in row.keys() - {"alpha", "margins", "limits"}):
        raise ConfigError(f"{where}: {unknown[0]!r} is not known; alpha, margins and limits are")
    parts: dict[str, Mapping[Any, Any]] = {}
    for key in ("margins", "limits"):
        found = row.get(key) or {}
        if not isinstance(found, Mapping):
            raise ConfigError(f"{where}: {key} maps metrics to numbers")
        parts[key] = found
    margins = {str(k): _margin(v, f"{where}: margins.{k}") for k, v in parts["margins"].items()}
    limits = {str(k): _number(v, f"{where}: limits.{k}") for k, v in parts["limits"].items()}
    if not margins and not limits:
        raise ConfigError(f"{where}: gates nothing; give margins or limits")
    alpha = _number(row.get("alpha", ALPHA), f"{where}: alpha")
    if not 0 < alpha < 0.5:
        raise ConfigError(f"{where}: alpha={alpha:g} must lie between 0 and 0.5")
    return Rules(margins, limits, alpha)


def _margin(value: Any, where: str) -> Margin:
    relative = isinstance(value, str) and value.strip().endswith("%")
    amount = _number(value.strip()[:-1] if relative else value, where)
    if amount < 0:
        raise ConfigError(f"{where}={value}: a margin is not negative")
    return Margin(amount / 100 if relative else amount, relative)


def _number(value: Any, where: str) -> float:
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"{where}={value}: a number is wanted, or a percentage such as 5%")
    return number
