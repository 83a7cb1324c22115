"""Hydra behind a small door: overrides in, a checked :class:`RunConfig` out (of a training, a
:class:`TrainConfig`; of a service, a :class:`ServeConfig`).

The only module that imports hydra.  Configurations of plugins are served to hydra from their
files; no code of a plugin is imported.  Beside hydra's own grammar it understands

``dataset.pair=en-de``
    an alias of ``source_lang=en target_lang=de``
``system.inner=NAME``
    the configuration of another system, nested; ``system.inner.k=3`` then sets its parameters;
    ``dataset.inner=NAME`` likewise
``system.asr={name: NAME, …}``
    a part with settings in place of another, whose settings go with it
``metrics=BLEU,LAAL`` and ``metrics=[BLEU,LAAL]``
    metrics by name instead of a preset
``load.streams=1,2,4``
    the list ``[1,2,4]``
``sweep=NAME``
    the overrides of ``configs/sweep/NAME.yaml``, a mapping of keys to values; those given beside
    it count more
``data=NAME``
    the corpus that a training takes, of those that ``ls datasets`` lists

Every mistake is a :class:`ConfigError` of one line, with the nearest thing that would be right.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, TypeVar

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from s2st_bench.composed import plain_metric, run_config, serve_config, train_config
from s2st_bench.config import REDACTED, RunConfig
from s2st_bench.errors import ConfigError, RunError
from s2st_bench.params import nearest_key, unknown
from s2st_bench.paths import shipped_configs
from s2st_bench.registry import (
    GROUPS,
    SERVE_GROUPS,
    TRAIN_GROUPS,
    Kind,
    PluginWarning,
    Registry,
)
from s2st_bench.serveconfig import ServeConfig
from s2st_bench.sweeps import expand
from s2st_bench.trainconfig import TrainConfig

_INNER = re.compile(r"(system|dataset)(\.inner)+")
_PLAIN_KEY = re.compile(r"[+~]{0,2}[\w./@-]+")
_SIGNED_OPTION = re.compile(
    r"\+{0,2}metric_options\.([\w@+-]*[+@][\w@+-]*|[\w@-]*\d\.\d+)\.([\w.]+)=(.*)", re.DOTALL
)
"""An option of a metric such as ``chrF++``, ``ASR-BLEU@mine`` or ``SLC-0.2``, which hydra does not
take for a key."""

Typed = TypeVar("Typed")
_Check = Callable[[dict[str, Any], Registry], Typed]
"""A verb's typed configuration from plain values."""
_PLUGINS: Mapping[str, Mapping[str, Kind]] = MappingProxyType({
    "run": GROUPS, "train": TRAIN_GROUPS, "serve": SERVE_GROUPS,
})
"""Verb (and its configuration to start from) to the plugins it must be given."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """What can be chosen by name: option names by group."""

    root: str
    """The configuration that a verb starts from."""
    plugins: Mapping[str, Kind]
    """Groups that must be chosen, whose options are plugins' configurations."""
    options: Mapping[str, Sequence[str]]
    broken: Mapping[tuple[str, str], str]
    """Configurations that cannot be read: why."""


def compose(
    overrides: Sequence[str] = (), *, plugin_dirs: Sequence[Path] = (),
    registry: Registry | None = None,
) -> RunConfig:
    """The configuration of one run.

    Raises
    ------
    ConfigError
        If an override is wrong, or several values are given where one is wanted.
    """
    return _one("run", run_config, overrides, registry or Registry(plugin_dirs))


def compose_train(
    overrides: Sequence[str] = (), *, plugin_dirs: Sequence[Path] = (),
    registry: Registry | None = None,
) -> TrainConfig:
    """The configuration of one training; raises as :func:`compose`."""
    return _one("train", train_config, overrides, registry or Registry(plugin_dirs))


def compose_serve(
    overrides: Sequence[str] = (), *, plugin_dirs: Sequence[Path] = (),
    registry: Registry | None = None,
) -> ServeConfig:
    """The configuration of a service; raises as :func:`compose`."""
    return _one("serve", serve_config, overrides, registry or Registry(plugin_dirs))


def multirun(
    task: Callable[[RunConfig], object], overrides: Sequence[str], *,
    plugin_dirs: Sequence[Path] = (), registry: Registry | None = None,
) -> list[object]:
    """Call ``task`` for every point of a sweep, through hydra's sweeper and launcher.

    Every value of every sweep is checked before the first point runs.  Points are independent:
    all of them run, then the first failure is raised.  Returns what ``task`` returned, in order.
    ``task`` must be picklable for launchers that leave the process.
    """
    return _many("run", run_config, task, overrides, registry or Registry(plugin_dirs))


def multirun_train(
    task: Callable[[TrainConfig], object], overrides: Sequence[str], *,
    plugin_dirs: Sequence[Path] = (), registry: Registry | None = None,
) -> list[object]:
    """:func:`multirun` of trainings."""
    return _many("train", train_config, task, overrides, registry or Registry(plugin_dirs))


def _one(
    verb: str, check: _Check[Typed], overrides: Sequence[str], registry: Registry
) -> Typed:
    with _hydra(registry, verb) as groups:
        rewritten = _read(overrides, groups, registry)
        for override in rewritten:
            if override.is_sweep_override():
                key, _, value = (override.input_line or "").partition("=")
                raise ConfigError(f"{key}={value}: several values are a sweep, which needs -m "
                                  f"(--multirun); a list is written {key}=[{value}]")
        return _typed(_compose(rewritten, groups, registry), registry, check)


def _many(
    verb: str, check: _Check[Typed], task: Callable[[Typed], object], overrides: Sequence[str],
    registry: Registry,
) -> list[object]:
    with ExitStack() as stack:
        groups = stack.enter_context(_hydra(registry, verb))
        rewritten = _read(overrides, groups, registry)
        for variant in _variants(rewritten):
            _typed(_compose(variant, groups, registry), registry, check)
        # hydra's own notes of a sweep hold overrides as given, secrets too: not kept unless a
        # launcher needs them (hydra.sweep.dir=… on a cluster)
        notes = stack.enter_context(TemporaryDirectory(prefix="s2st-bench-sweep-"))
        defaults = {
            "hydra.sweep.dir": f"'{_quoted(notes)}'",
            "hydra.output_subdir": "null",
            "hydra/job_logging": "none",
            "hydra/hydra_logging": "none",
        }
        given = {override.key_or_group for override in rewritten}
        lines = [*_lines(rewritten), *_searchpath(registry),
                 *(f"{key}={value}" for key, value in defaults.items() if key not in given)]
        with _explained(), _launched():
            results = GlobalHydra.instance().hydra.multirun(  # type: ignore[union-attr]
                config_name=groups.root, overrides=lines,
                task_function=partial(_point, check=check, task=task,
                                      plugin_dirs=registry.folders),
            )
    return [job.return_value for batch in results for job in batch]


def _point(
    config: DictConfig, *, check: _Check[Typed], task: Callable[[Typed], object],
    plugin_dirs: Sequence[Path],
) -> object:
    """One point of a sweep, perhaps in another process."""
    return task(_typed(config, Registry(plugin_dirs), check))


@contextmanager
def _hydra(registry: Registry, verb: str) -> Iterator[_Groups]:
    """Hydra with the plugins' configurations as options of ``system`` and ``dataset``, or of
    ``model``.
    """
    plugins = _PLUGINS[verb]
    store = ConfigStore.instance()
    broken: dict[tuple[str, str], str] = {}
    try:
        for group, kind in plugins.items():
            store.repo.pop(group, None)
            for option, path in registry.options(kind).items():
                try:
                    store.store(group=group, name=option, node=_load(path))
                except ConfigError as error:
                    broken[group, option] = str(error)
                    warnings.warn(f"{error}; skipped", PluginWarning, stacklevel=3)
        options = {group: sorted(files) for group, files in registry.groups(plugins).items()
                   if group in plugins or verb == "run"}
        with initialize_config_dir(str(shipped_configs()), version_base="1.3"):
            yield _Groups(verb, plugins, options, broken)
    finally:
        for group in plugins:
            store.repo.pop(group, None)


def _load(path: Path) -> DictConfig:
    import yaml

    try:
        node = OmegaConf.load(path)
    except (OSError, ValueError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(node, DictConfig):
        raise ConfigError(f"{path}: expected a mapping of parameters")
    return node


def _searchpath(registry: Registry) -> list[str]:
    """Presets of plugin sources: a folder ``configs/`` beside their ``systems/``."""
    folders = [f"'file://{_quoted(str(folder))}'" for folder in registry.config_folders()]
    return [f"hydra.searchpath=[{','.join(folders)}]"] if folders else []


def _quoted(text: str) -> str:
    return re.sub(r"(\\*)'", r"\1\1\'", text)


# --- reading overrides ---------------------------------------------------------------------


def _read(overrides: Sequence[str], groups: _Groups, registry: Registry) -> list[Override]:
    """Overrides as they were given, in hydra's terms."""
    sweeps = registry.groups().get("sweep", {}) if groups.root == "run" else {}
    texts = expand(overrides, sweeps)
    return _rewrite([_parse(text, groups) for text in texts], groups, registry)


def _parse(text: str, groups: _Groups) -> Override:
    """One override; text that hydra's grammar refuses (``é``, ``a=b``) is read as quoted."""
    parser = OverridesParser.create()
    if signed := _SIGNED_OPTION.fullmatch(text.strip()):
        name, path, value = signed.groups()
        if re.search(r"[^\w.+-]", value) and value[:1] not in "[{'\"":
            value = f"'{_quoted(value)}'"
        for key in reversed([name, *path.split(".")]):
            value = f"{{{key}:{value}}}"
        return parser.parse_override(f"++metric_options={value}")
    key, equals, value = text.strip().partition("=")
    if not _PLAIN_KEY.fullmatch(key) or (not equals and not key.startswith("~")):
        meant = [f"{group}={text}" for group, options in groups.options.items() if text in options]
        hint = f"Did you mean {meant[0]} ?" if meant else "such as system=NAME or chunk_s=0.5"
        raise ConfigError(f"{text!r}: expected KEY=VALUE. {hint}" if meant
                          else f"{text!r}: expected KEY=VALUE, {hint}")
    try:
        return parser.parse_override(text.strip())
    except (HydraException, ValueError) as error:
        if value[:1] not in "[{'\"" and "," not in value:
            return parser.parse_override(f"{key}='{_quoted(value)}'")
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{text}: cannot be read ({reason}); quote texts that hold commas, "
                          f"quotes or brackets: \"{key}='…'\"") from error


def _lines(overrides: Sequence[Override]) -> list[str]:
    return [override.input_line or "" for override in overrides]


def _values(override: Override) -> list[str]:
    """What an override gives, one text for each point of a sweep."""
    if override.is_sweep_override():
        return [str(value) for value in override.sweep_string_iterator()]
    return [override.get_value_element_as_str()]


def _variants(overrides: Sequence[Override]) -> Iterator[list[Override]]:
    """Runs that show every value of every sweep at least once, all others at their first."""
    parser = OverridesParser.create()

    def fixed(override: Override, value: str) -> Override:
        key = (override.input_line or "").partition("=")[0]
        return parser.parse_override(f"{key}={value}")

    swept = [override.is_sweep_override() for override in overrides]
    first = [fixed(o, _values(o)[0]) if is_sweep else o
             for o, is_sweep in zip(overrides, swept, strict=True)]
    yield first
    for at, override in enumerate(overrides):
        if swept[at]:
            for value in _values(override)[1:]:
                yield [*first[:at], fixed(override, value), *first[at + 1 :]]


def _rewrite(
    overrides: Sequence[Override], groups: _Groups, registry: Registry
) -> list[Override]:
    """The package's own forms in hydra's terms; choices that do not exist are refused."""
    parser = OverridesParser.create()
    rewritten = []
    for override in overrides:
        key = override.key_or_group
        line = override.input_line or ""
        value = line.partition("=")[2]
        if key == "dataset.pair":
            override = parser.parse_override(f"++dataset.pair={value}")
        elif key == "load.streams" and re.fullmatch(r"[^\[{][^\[{]*", value) and value != "null":
            # levels of one run, not a sweep
            override = parser.parse_override(f"{key}=[{value}]")
        elif key.partition(".")[0] == "metric_options" and not _is_marked(override):
            # which options there are, only the metric's code knows: it checks them
            override = parser.parse_override(f"++{line}")
        elif key == "data" and groups.root == "train":
            override = parser.parse_override(f"data.name={value}")
        elif key == "metrics" and groups.root == "run" and not override.is_delete():
            override = _metrics(override, value, groups, registry)
        elif (inner := _INNER.fullmatch(key)) and not value.startswith(("{", "null")):
            _check_choice(override, inner[1], groups, registry)
            override = parser.parse_override(f"+{inner[1]}@{key}={value}")
        elif key in groups.options and not override.is_delete():
            _check_choice(override, key, groups, registry)
        elif _is_part(override):
            rewritten.append(parser.parse_override(f"{key}=null"))
            override = parser.parse_override(f"++{line}")
        rewritten.append(override)
    return rewritten


def _is_part(override: Override) -> bool:
    """Whether it gives a part with its settings: those of the part before are not kept."""
    if _is_marked(override) or override.is_sweep_override():
        return False
    value = override.value()
    return isinstance(value, dict) and "name" in {str(key) for key in value}


def _is_marked(override: Override) -> bool:
    """Whether it says itself that it adds or deletes."""
    return override.is_delete() or override.is_add() or override.is_force_add()


def _check_choice(
    override: Override, group: str, groups: _Groups, registry: Registry
) -> None:
    options = groups.options[group]
    key = override.key_or_group
    for value in _values(override):
        if reason := groups.broken.get((group, value)):
            raise ConfigError(f"{key}={value}: {reason}")
        if value not in options:
            if group in groups.plugins and value in registry.names(groups.plugins[group]):
                plugin = registry.get(groups.plugins[group], value)
                if plugin.reason:
                    raise ConfigError(f"{key}={value} is a card only: {plugin.reason}")
                folder = plugin.manifest.parent
                raise ConfigError(f"{key}={value}: it has no configuration; write "
                                  f"{folder / 'config' / value}.yaml, if only `name: {value}`")
            near = difflib.get_close_matches(value, options, n=1)
            hint = (f"Did you mean {key}={near[0]} ?" if near
                    else f"Available: {', '.join(options) or 'none'}")
            raise ConfigError(f"{key}={value}: no such {group}. {hint}")


def _metrics(
    override: Override, value: str, groups: _Groups, registry: Registry
) -> Override:
    """A preset, or metrics by name (``a``, ``a,b`` or ``[a,b]``) as ``metrics.names``."""
    parser = OverridesParser.create()
    if not value.startswith("["):
        names = [name.strip() for name in value.split(",")]
        if len(names) == 1 and names[0] in groups.options["metrics"]:
            return override
        known = [*groups.options["metrics"], *registry.names("metrics")]
        for name in names:
            if not {plain_metric(name), plain_metric(name).partition("@")[0]} & {*known}:
                near = difflib.get_close_matches(name, known, n=1)
                hint = (f"Did you mean metrics={near[0]} ?" if near
                        else f"Available: {', '.join(known)}")
                raise ConfigError(f"metrics={name}: no such metric or preset. {hint}")
        value = f"[{value}]"
    return parser.parse_override(f"metrics.names={value}")


# --- composing -----------------------------------------------------------------------------


def _compose(overrides: Sequence[Override], groups: _Groups, registry: Registry) -> DictConfig:
    """One configuration, each override checked against what can be set."""
    given = {override.key_or_group for override in overrides}
    if "resume" in given and groups.root == "run" and not given & GROUPS.keys():
        return _resumed(overrides, groups)
    search = _searchpath(registry)
    choices = [o for o in overrides if _is_choice(o, groups)]
    with _explained():
        base = hydra_compose(groups.root, overrides=[*_lines(choices), *search])
    known = list(_keys(base))
    values = [o for o in overrides if o not in choices]
    for override in values:
        _check_top(override, [*known, *groups.options])
    for group, kind in groups.plugins.items():
        if base.get(group) is None:
            raise ConfigError(f"{group} is missing: give {group}=NAME. Available: "
                              f"{', '.join(groups.options[group]) or 'none'}"
                              f" (s2st-bench ls {kind})")
    parser = OverridesParser.create()
    for n, override in enumerate(overrides):
        if override not in choices and _fills(override, base):
            overrides = [*overrides[:n], parser.parse_override(f"++{override.input_line}"),
                         *overrides[n + 1:]]
        elif override not in choices:
            _check_key(override, base, known)
    with _explained():
        return hydra_compose(groups.root, overrides=[*_lines(overrides), *search])


def _resumed(overrides: Sequence[Override], groups: _Groups) -> DictConfig:
    """The configuration that a run folder stored, with the overrides on top."""
    from s2st_bench.remote import here
    from s2st_bench.store import RunFolder

    (path,) = here(Path(next(str(o.value()) for o in overrides if o.key_or_group == "resume")))[:1]
    # read as a configuration, so that settings which came later stand at their defaults
    config = OmegaConf.create(RunConfig.from_dict(RunFolder(path).record().config).to_dict())
    known = list(_keys(config))
    for override in overrides:
        if _is_choice(override, groups) or override.key_or_group == "metrics.names":
            raise ConfigError(f"{override.input_line}: resume=RUN takes the run's own "
                              "configuration; give its whole configuration, or no choices")
        _check_top(override, known)
        _check_key(override, config, known)
        OmegaConf.update(config, override.key_or_group, override.value())
    for key in _keys(config):
        if OmegaConf.select(config, key) == REDACTED:
            raise ConfigError(f"{key}: a secret is not stored with a run; give it again: {key}=…")
    return config


def _is_choice(override: Override, groups: _Groups) -> bool:
    """Whether an override selects what can be set, rather than setting it."""
    key = override.key_or_group
    return key in groups.options or key == "dataset.pair" or key.startswith("hydra")


def _check_top(override: Override, known: Sequence[str]) -> None:
    """Refuse a first part that is no part of any configuration (``sytem.k=3``)."""
    key = override.key_or_group
    top = key.partition(".")[0]
    if top not in {name.partition(".")[0] for name in known}:
        raise ConfigError(f"{key}: {unknown(key, known, override.value())}")


def _fills(override: Override, base: DictConfig) -> bool:
    """Whether it gives the content of a mapping that takes any key: one that is empty."""
    if _is_marked(override) or override.is_sweep_override():
        return False
    return (isinstance(override.value(), dict)
            and OmegaConf.select(base, override.key_or_group) == {})


def _check_key(override: Override, base: DictConfig, known: Sequence[str]) -> None:
    """Refuse a key that the chosen configurations do not have."""
    key = override.key_or_group
    if override.is_add() or override.is_force_add() or key in known:
        return
    parent = key
    while parent := parent.rpartition(".")[0]:
        if parent in known:
            break
    if _INNER.fullmatch(parent) and OmegaConf.select(base, parent) is None:
        raise ConfigError(f"{key}: {parent} is not chosen yet: give {parent}=NAME")
    if parent and OmegaConf.select(base, parent) == {}:
        raise ConfigError(f"{key}: no such option; {parent} is open, add to it with +{key}=…")
    others = [name for name in known if not key.startswith(f"{name}.")]
    siblings = [name for name in others if name.rpartition(".")[0] == parent]
    within = [name for name in others if name.partition(".")[0] == key.partition(".")[0]]
    for candidates in (siblings, within, others):
        if nearest_key(key, candidates):
            raise ConfigError(f"{key}: {unknown(key, candidates, override.value())}")
    raise ConfigError(f"{key}: {unknown(key, siblings or within or others, override.value())}")


def _typed(config: DictConfig, registry: Registry, check: _Check[Typed]) -> Typed:
    """Values resolved and checked."""
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise ConfigError(f"{missing[0]} is missing: give {missing[0]}=…")
    with _explained():
        plain = OmegaConf.to_container(config, resolve=True)
    if not isinstance(plain, dict):
        raise ConfigError("the configuration is not a mapping")
    return check({str(key): value for key, value in plain.items()}, registry)


def _keys(node: DictConfig, prefix: str = "") -> Iterator[str]:
    """Every key of a configuration, dotted."""
    for key in map(str, node):
        yield prefix + key
        child = None if OmegaConf.is_missing(node, key) else node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none():
            yield from _keys(child, f"{prefix}{key}.")


@contextmanager
def _launched() -> Iterator[None]:
    """What keeps a launcher from starting (no Slurm here, no such cluster) as one line; failures of
    points are kept with them and raised later.
    """
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:
        raise RunError("hydra/launcher: the sweep cannot be started "
                       f"({' '.join(str(error).split())[:300]})") from error


@contextmanager
def _explained() -> Iterator[None]:
    """Hydra's and omegaconf's errors as one line of ours."""
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None  # hydra wraps even that
        lines = [line.strip() for line in str(error).splitlines()]
        text = next((line for line in lines if line), type(error).__name__)
        raise ConfigError(text) from error
