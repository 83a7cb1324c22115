"""A composed configuration's plain values become typed ones: aliases applied, plugins known."""

from __future__ import annotations

import re
from typing import Any

from s2st_bench.config import RunConfig
from s2st_bench.errors import ConfigError, UnknownPluginError
from s2st_bench.registry import Registry, labelled
from s2st_bench.serveconfig import ServeConfig
from s2st_bench.trainconfig import TrainConfig

_PAIR = re.compile(r"([^-]+(?:-[A-Z][A-Za-z]*)?)-([^-]+(?:-[A-Z][A-Za-z]*)?)")
"""Two codes, each with a region or script in capitals: ``zh-CN-en``."""


def run_config(values: dict[str, Any], registry: Registry) -> RunConfig:
    """Aliases applied, types checked, plugins known."""
    _apply_pair(values)
    typed = RunConfig.from_dict(values)
    registry.get("systems", typed.system.name)
    registry.get("datasets", typed.dataset.name)
    for name in typed.metrics:
        _check_metric(name, registry)
    return typed


def train_config(values: dict[str, Any], registry: Registry) -> TrainConfig:
    """Types checked, plugins known."""
    typed = TrainConfig.from_dict(values)
    registry.get("trainers", typed.model.name)
    try:
        registry.get("datasets", typed.data.name)
    except UnknownPluginError as error:
        raise ConfigError(f"data={typed.data.name}: {error}") from None
    return typed


def serve_config(values: dict[str, Any], registry: Registry) -> ServeConfig:
    """Aliases applied, types checked, plugins known."""
    _apply_pair(values)
    if values.get("dataset") == {}:
        del values["dataset"]  # all that the alias left
    typed = ServeConfig.from_dict(values)
    registry.get("systems", typed.system.name)
    return typed


def _apply_pair(values: dict[str, Any]) -> None:
    dataset = values.get("dataset")
    if not isinstance(dataset, dict) or dataset.get("pair") is None:
        if isinstance(dataset, dict):
            dataset.pop("pair", None)
        return
    pair = str(dataset.pop("pair"))
    found = _PAIR.fullmatch(pair)
    if found is None:
        raise ConfigError(f"dataset.pair: expected SOURCE-TARGET, such as en-de, not {pair!r}")
    for key, language in (("source_lang", found[1]), ("target_lang", found[2])):
        if values.get(key) not in (None, language):
            raise ConfigError(f"dataset.pair={pair} and {key}={values[key]} disagree; give one "
                              "of them")
        values[key] = language


def _check_metric(name: str, registry: Registry) -> None:
    try:
        labelled(plain_metric(name), registry)
    except UnknownPluginError as error:
        raise ConfigError(f"metrics: {error}") from None


def plain_metric(name: str) -> str:
    """A metric's registered name: ``AL`` of the variants ``AL_CA``, ``AL_pen``, ``AL_CA_pen``."""
    return name.removesuffix("_pen").removesuffix("_CA")
