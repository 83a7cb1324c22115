"""Objects from configuration: a plugin found by name, its parameters checked, constructed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from s2st_bench.config import Choice
from s2st_bench.corpus import Corpus
from s2st_bench.errors import ConfigError
from s2st_bench.params import construct
from s2st_bench.registry import Registry
from s2st_bench.system import System


def build_system(choice: Choice, registry: Registry, where: str = "system") -> System:
    """The system, constructed but not loaded; a parameter annotated ``System`` is built from its
    own ``{name, …}``.

    Raises
    ------
    UnknownPluginError, DependencyError, ConfigError
    """
    cls: type[System] = registry.get("systems", choice.name).load()

    def nested(base: type, config: Mapping[str, Any], inner_where: str) -> Any:
        if not issubclass(base, System):
            raise ConfigError(f"{inner_where}: cannot be built from a mapping")
        name = config.get("name")
        if not isinstance(name, str):
            raise ConfigError(f"{inner_where}.name is missing: give {inner_where}=NAME")
        rest = {key: value for key, value in config.items() if key != "name"}
        return build_system(Choice(name, rest), registry, inner_where)

    system = construct(cls, choice.params, where, build=nested)
    system.name = choice.name
    return system


def build_corpus(
    choice: Choice, registry: Registry, *, source_lang: str | None = None,
    target_lang: str | None = None, where: str = "dataset",
) -> Corpus:
    """The corpus; it is told the run's languages where its constructor takes them.

    Raises
    ------
    UnknownPluginError, DependencyError, ConfigError
    """
    cls: type[Corpus] = registry.get("datasets", choice.name).load()
    accepted = inspect.signature(cls).parameters
    languages = {"source_lang": source_lang, "target_lang": target_lang}
    told = {key: value for key, value in languages.items() if value and key in accepted}
    return construct(cls, {**choice.params, **told}, where)
