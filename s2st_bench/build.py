"""Objects from configuration: a plugin found by name, its parameters checked, constructed."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from s2st_bench.config import Choice, read_choice
from s2st_bench.corpora.selection import Selection
from s2st_bench.corpus import Corpus
from s2st_bench.default_aligner import FirstInstalled
from s2st_bench.default_asr import AUTO, ByLanguage
from s2st_bench.errors import ConfigError, UnknownPluginError
from s2st_bench.params import Build, construct
from s2st_bench.parts import (
    AlignerModel,
    IdentifierModel,
    RecogniserModel,
    SynthesiserModel,
    TranslatorModel,
    VadModel,
)
from s2st_bench.registry import Kind, Registry
from s2st_bench.system import System

_PARTS: Mapping[type, Kind] = MappingProxyType({
    RecogniserModel: "recognisers", AlignerModel: "aligners", IdentifierModel: "identifiers",
    TranslatorModel: "translators", SynthesiserModel: "synthesisers", VadModel: "vads",
})


def build_system(choice: Choice, registry: Registry, where: str = "system") -> System:
    """The system, constructed but not loaded.

    A parameter annotated ``System`` is built from its own ``{name, …}``; one annotated with a kind
    of part (:mod:`s2st_bench.parts`) also from a name alone.

    Raises
    ------
    UnknownPluginError, DependencyError, ConfigError
    """
    cls: type[System] = registry.get("systems", choice.name).load()
    system = construct(cls, choice.params, where, build=nested(registry))
    system.name = choice.name
    return system


def nested(registry: Registry) -> Build:
    """Builds the systems and parts that constructors ask for by annotation."""

    def build(base: type, config: Mapping[str, Any], where: str) -> Any:
        name = config.get("name")
        if not isinstance(name, str):
            raise ConfigError(f"{where}.name is missing: give {where}=NAME")
        rest = {key: value for key, value in config.items() if key != "name"}
        if base is RecogniserModel and config == {"name": AUTO}:
            return ByLanguage(lambda name: registry.get("recognisers", name))
        if base is AlignerModel and config == {"name": AUTO}:
            return FirstInstalled(lambda name: registry.get("aligners", name))
        if issubclass(base, System):
            return build_system(Choice(name, rest), registry, where)
        kind = next((kind for part, kind in _PARTS.items() if issubclass(base, part)), None)
        if kind is None:
            raise ConfigError(f"{where}: cannot be built from a mapping")
        try:
            plugin = registry.get(kind, name)
        except UnknownPluginError as error:
            raise UnknownPluginError(f"{where}: {error}") from None
        return construct(plugin.load(), rest, where, build=build)

    return build


def shared(build: Build) -> Build:
    """``build`` that gives the same object for the same configuration: metrics share a model."""
    made: dict[tuple[type, str], Any] = {}

    def once(base: type, config: Mapping[str, Any], where: str) -> Any:
        key = base, json.dumps(config, sort_keys=True, default=str)
        if key not in made:
            made[key] = build(base, config, where)
        return made[key]

    return once


def build_corpus(
    choice: Choice, registry: Registry, *, source_lang: str | None = None,
    target_lang: str | None = None, where: str = "dataset",
) -> Corpus:
    """The corpus; it is told the run's languages where its constructor takes them.

    A constructor that takes ``selection: Selection`` gets the options of that name in it; a
    parameter annotated ``Corpus`` is built from its own ``{name, …}``, with the same languages.

    Raises
    ------
    UnknownPluginError, DependencyError, ConfigError
    """
    cls: type[Corpus] = registry.get("datasets", choice.name).load()
    accepted = inspect.signature(cls).parameters
    shared = {f.name for f in fields(Selection)} if "selection" in accepted else set()
    languages = {"source_lang": source_lang, "target_lang": target_lang}
    told = {key: value for key, value in languages.items()
            if value and (key in accepted or key in shared)}
    params = {**choice.params, **told}

    def build(base: type, config: Mapping[str, Any], place: str) -> Corpus:
        if not issubclass(base, Corpus):
            raise ConfigError(f"{place}: cannot be built from a mapping")
        inner = read_choice(config, place)
        return build_corpus(inner, registry, source_lang=source_lang, target_lang=target_lang,
                            where=place)

    if shared:
        selected = {key: params.pop(key) for key in [*params] if key in shared}
        params["selection"] = construct(Selection, selected, where)
    return construct(cls, params, where, build=build)
