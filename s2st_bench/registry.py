"""Find plugins without importing them; import one when it is asked for.

A plugin is a folder with a manifest, ``<source>/<kind>/<folder>/plugin.toml``::

    [[plugin]]
    name = "cascade"                 # what users type: system=cascade
    target = "cascade:Cascade"       # module inside the folder : attribute
    summary = "VAD, streaming ASR, MT and TTS stages run as a pipeline"
    extra = "cascade"                # optional: pip extra that installs what it needs
    requires = ["pocketsphinx"]      # optional: importable modules it cannot run without
    install = "pip install …"        # optional: a line for what the extra cannot hold
    licence = "Apache-2.0"           # optional: of code and weights, shown beside its numbers
    weights = "org/name on the hub"  # optional: what the user must get before it runs, and where
    key = "VENDOR_API_KEY"           # optional: environment variable with the user's key
    adapter = "simuleval"            # in place of target: the system whose class runs this one
    reason = "closed"                # in place of target: why there is a card and no code

    [[trainer]]                      # of a system: how its models are trained, the same keys
    name = "emma"                    # s2st-bench train model=emma; config/train/<option>.yaml
    target = "training.recipes:Emma"
    summary = "Monotonic attention that decides by itself when to write"

    [[recogniser]]                   # or [[aligner]], [[identifier]], [[translator]],
    name = "reference"               # [[synthesiser]], [[vad]]: a part that systems and metrics
    target = "parts:ReferenceRecogniser"    # share (s2st_bench/parts.py)
    summary = "German and English"

A *source* holds folders ``systems/``, ``metrics/`` and ``datasets/``.  Sources, in order of
precedence: this package, packages that name themselves under the entry-point group
``s2st_bench.plugins``, and folders of the user's (``--plugin-dir``, ``S2ST_BENCH_PLUGINS``).  A
user's folder is imported from where it lies under a package name derived from its path, so that
relative imports work and a worker process given the same folders finds the same classes.

A manifest that is broken, or a name that is taken, is skipped with a warning that names the
file; it never costs the other plugins.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import os
import re
import sys
import tomllib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Literal, get_args

from s2st_bench.errors import DependencyError, UnknownPluginError, UsageError
from s2st_bench.paths import package_roots, plugin_dirs, shipped_configs

Kind = Literal["systems", "metrics", "datasets", "trainers", "recognisers", "aligners",
               "identifiers", "translators", "synthesisers", "vads"]
KINDS: tuple[Kind, ...] = get_args(Kind)
State = Literal["ready", "missing", "weights", "key", "card"]
"""Of a plugin on this machine: ``missing`` packages, user's ``weights`` or ``key`` needed, ``card``
without code."""
GROUPS: Mapping[str, Kind] = MappingProxyType({"system": "systems", "dataset": "datasets"})
"""Groups of a run's overrides whose options are plugins' configurations."""
TRAIN_GROUPS: Mapping[str, Kind] = MappingProxyType({"model": "trainers"})
"""The same of a training's overrides."""
SERVE_GROUPS: Mapping[str, Kind] = MappingProxyType({"system": "systems"})
"""The same of a service's overrides."""
ENTRY_POINTS = "s2st_bench.plugins"

_BASES: Mapping[Kind, str] = {
    "systems": "s2st_bench.system:System",
    "metrics": "s2st_bench.metric:Metric",
    "datasets": "s2st_bench.corpus:Corpus",
    "trainers": "s2st_bench.trainer:Trainer",
    "recognisers": "s2st_bench.parts:RecogniserModel",
    "aligners": "s2st_bench.parts:AlignerModel",
    "identifiers": "s2st_bench.parts:IdentifierModel",
    "translators": "s2st_bench.parts:TranslatorModel",
    "synthesisers": "s2st_bench.parts:SynthesiserModel",
    "vads": "s2st_bench.parts:VadModel",
}
_PLACES: Mapping[Kind, tuple[str, str, str]] = {
    "systems": ("systems", "plugin", "config"),
    "metrics": ("metrics", "plugin", "config"),
    "datasets": ("datasets", "plugin", "config"),
    "trainers": ("systems", "trainer", "config/train"),
    "recognisers": ("systems", "recogniser", "config/recognisers"),
    "aligners": ("systems", "aligner", "config/aligners"),
    "identifiers": ("systems", "identifier", "config/identifiers"),
    "translators": ("systems", "translator", "config/translators"),
    "synthesisers": ("systems", "synthesiser", "config/synthesisers"),
    "vads": ("systems", "vad", "config/vads"),
}
"""Folder of the kind, table of the manifest, folder of the configurations."""
_MAIN = "plugin"
_BESIDE = frozenset(table for _, table, _ in _PLACES.values()) - {_MAIN}
_NAME = re.compile(r"[^\s/\\=,:\[\]{}()'\"\x00-\x1f]+")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class PluginWarning(UserWarning):
    """A plugin was skipped; the message names its file and why."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place that holds the folders of plugins."""

    label: str
    """A package's name, or a folder's path."""
    package: str
    """What the folders are imported under."""
    roots: tuple[Path, ...]
    is_folder: bool = False
    """True for a user's folder, false for a package."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a manifest says of one system, metric, corpus, trainer or part; nothing is imported."""

    kind: Kind
    name: str
    target: str
    """``module:attribute``, the module relative to ``folder``; empty for a card without code."""
    summary: str
    folder: Path
    source: Source
    extra: str | None = None
    requires: tuple[str, ...] = ()
    install: str = ""
    licence: str = ""
    reason: str = ""
    """Why there is a card and no code."""
    weights: str = ""
    """What its user must get before it runs, and where; empty: nothing."""
    key: str = ""
    """The environment variable that holds its user's key; empty: it needs none."""
    adapter: str = ""
    """The plugin of the same kind whose class runs it, with the folder's configurations."""
    runner: Plugin | None = None
    """The plugin that ``adapter`` names, filled by the registry."""

    @property
    def manifest(self) -> Path:
        return self.folder / "plugin.toml"

    @property
    def card_path(self) -> Path | None:
        """The plugin's card, if it has one."""
        card = self.folder / "README.md"
        return card if card.is_file() else None

    def config_files(self) -> tuple[Path, ...]:
        """The folder's operating points, ``config/<option>.yaml``, sorted."""
        return tuple(sorted((self.folder / _PLACES[self.kind][2]).glob("*.yaml")))

    def missing(self) -> tuple[str, ...]:
        """Required modules that are not installed.  Imports nothing."""
        inner = self.runner.missing() if self.runner else ()
        own = (name for name in self.requires if not _importable(name))
        return tuple(dict.fromkeys((*inner, *own)))

    @property
    def state(self) -> State:
        """How far it is from running here: what is missing first, weights and keys last."""
        if self.reason:
            return "card"
        if self.missing():
            return "missing"
        if self.key and not os.environ.get(self.key):
            return "key"
        return "weights" if self.weights else "ready"

    @property
    def pip_line(self) -> str | None:
        """The line that installs what is missing, or none where nothing is."""
        if not (missing := self.missing()):
            return None
        lines = [self.runner.pip_line] if self.runner and self.runner.pip_line else []
        lines += [f'pip install "s2st-bench[{self.extra}]"'] if self.extra else []
        lines += [self.install] if self.install else []
        return " && ".join(lines) or f"pip install {' '.join(missing)}"

    def load(self) -> Any:
        """Import the plugin and return its class.

        Raises
        ------
        DependencyError
            If an optional package is missing; the message holds the pip line.
        UsageError
            If the code cannot be imported, is not a subclass of its kind's base, or there is
            none.
        """
        if self.reason:
            raise UsageError(f"{self.name} is a card only: {self.reason}")
        if self.runner:
            return self.runner.load()
        if self.adapter:
            raise UsageError(f"{self.manifest}: adapter = {self.adapter!r}: no plugin of that name")
        if self.source.is_folder:
            _mount(self.source)
        module_name, _, attribute = self.target.partition(":")
        place = _PLACES[self.kind][0]
        full_name = f"{self.source.package}.{place}.{self.folder.name}.{module_name}"
        try:
            module = importlib.import_module(full_name)
        except (Exception, SystemExit) as error:
            raise self._import_failure(error) from error
        found = getattr(module, attribute, None)
        if found is None:
            raise UsageError(f"{self.manifest}: {module_name} has no {attribute!r}")
        base = _import_object(_BASES[self.kind])
        if not (isinstance(found, type) and issubclass(found, base)):
            raise UsageError(
                f"{self.manifest}: {self.target} is not a subclass of {_BASES[self.kind]}"
            )
        return found

    def _import_failure(self, error: BaseException) -> DependencyError | UsageError:
        name = error.name if isinstance(error, ModuleNotFoundError) else None
        outside = name and name.partition(".")[0] != self.source.package.partition(".")[0]
        if name and outside and self.extra:
            return DependencyError(name, f"{self.kind}/{self.name}", self.extra)
        if name and outside:
            return UsageError(
                f"{self.manifest}: {self.name} needs the module {name!r}, which is not installed"
            )
        return UsageError(f"{self.manifest}: importing {self.target} failed: "
                          f"{type(error).__name__}: {error}")


class Registry:
    """The plugins of one set of sources, read once per instance."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        """``folders`` are the user's, beside those that the environment names."""
        self.folders = plugin_dirs(folders)

    def get(self, kind: Kind, name: str) -> Plugin:
        """The plugin of that kind and name.

        Raises
        ------
        UnknownPluginError
            Naming the nearest and the available ones.
        """
        try:
            return self._found[0][kind, name]
        except KeyError:
            pass
        names = self.names(kind)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Available: {', '.join(names) or 'none'}"
        raise UnknownPluginError(
            f"no {kind.removesuffix('s')} named {name!r}. {hint} (s2st-bench ls {kind})"
        )

    def names(self, kind: Kind) -> list[str]:
        return sorted(name for found, name in self._found[0] if found == kind)

    def plugins(self, kind: Kind | None = None) -> list[Plugin]:
        """All plugins (of one kind), by kind and name."""
        order = {name: position for position, name in enumerate(KINDS)}
        return sorted(
            (p for p in self._found[0].values() if kind in (None, p.kind)),
            key=lambda p: (order[p.kind], p.name),
        )

    def options(self, kind: Kind) -> Mapping[str, Path]:
        """Configurations of a kind by option: what ``system=`` or ``dataset=`` can name."""
        return self._options[0][kind]

    def groups(
        self, plugins: Mapping[str, Kind] = GROUPS
    ) -> Mapping[str, Mapping[str, Path]]:
        """What overrides can choose by name: group to option to file.  Nothing is read."""
        groups = {group: dict(self.options(kind)) for group, kind in plugins.items()}
        for folder in (shipped_configs(), *self.config_folders()):
            for path in sorted(folder.glob("*/*.yaml")):
                groups.setdefault(path.parent.name, {}).setdefault(path.stem, path)
        return groups

    def config_folders(self) -> list[Path]:
        """Folders of presets that sources bring along, beside their plugins."""
        sources = [source for source in self._sources([]) if source.package != "s2st_bench"]
        folders = [root / "configs" for source in sources for root in source.roots]
        return [folder.resolve() for folder in folders if folder.is_dir()]

    @property
    def problems(self) -> tuple[str, ...]:
        """What was skipped, and why."""
        return (*self._found[1], *self._options[1])

    @cached_property
    def _found(self) -> tuple[dict[tuple[Kind, str], Plugin], tuple[str, ...]]:
        found: dict[tuple[Kind, str], Plugin] = {}
        problems: list[str] = []
        seen: set[tuple[Kind, Path]] = set()
        for source in self._sources(problems):
            for kind in KINDS:
                for manifest in _manifests(source, kind):
                    if (resolved := (kind, manifest.resolve())) in seen:
                        continue
                    seen.add(resolved)
                    for plugin in _read(manifest, kind, source, problems):
                        first = found.setdefault((kind, plugin.name), plugin)
                        if first is not plugin:
                            problems.append(f"{manifest}: skipped {plugin.name!r}, the name is "
                                            f"taken by {first.manifest}; rename one")
        for key, plugin in found.items():
            if plugin.adapter:
                runner = found.get((plugin.kind, plugin.adapter))
                if runner is None or runner.adapter or runner.reason:
                    problems.append(f"{plugin.manifest}: {plugin.name!r} cannot run, adapter = "
                                    f"{plugin.adapter!r} names no {plugin.kind.removesuffix('s')} "
                                    "with code of its own")
                    continue
                found[key] = replace(plugin, runner=runner)
        return found, _aloud(problems)

    @cached_property
    def _options(self) -> tuple[Mapping[Kind, Mapping[str, Path]], tuple[str, ...]]:
        options: dict[Kind, dict[str, Path]] = {kind: {} for kind in KINDS}
        problems: list[str] = []
        for plugin in self._found[0].values():
            for path in plugin.config_files():
                first = options[plugin.kind].setdefault(path.stem, path)
                if first != path:
                    problems.append(f"{path}: skipped, the option {path.stem!r} is taken by "
                                    f"{first}; rename one")
        return options, _aloud(problems)

    def _sources(self, problems: list[str]) -> Iterator[Source]:
        import s2st_bench

        yield Source("s2st_bench", "s2st_bench", tuple(Path(p) for p in s2st_bench.__path__))
        packages = {point.module for point in entry_points(group=ENTRY_POINTS)}
        for package in sorted(packages - {"s2st_bench"}):
            try:
                yield Source(package, package, tuple(package_roots(package)))
            except Exception as error:  # a third party's package may fail in any way
                problems.append(f"entry point {ENTRY_POINTS} = {package}: skipped, "
                                f"{type(error).__name__}: {error}")
        for folder in self.folders:
            if folder.is_dir():
                yield Source(str(folder), _package_of(folder), (folder,), is_folder=True)
            else:
                problems.append(f"{folder}: skipped, no such folder of plugins")


def labelled(name: str, registry: Registry) -> tuple[Plugin, str]:
    """The metric of a name, and what stands behind an ``@`` that is not part of its own: the
    recogniser of ``ASR-BLEU@reference``.

    Raises
    ------
    UnknownPluginError
    """
    plain, at, label = name.partition("@")
    known = registry.names("metrics")
    if name in known or not (at and label and plain in known):
        return registry.get("metrics", name), ""
    return registry.get("metrics", plain), label


def _manifests(source: Source, kind: Kind) -> Iterator[Path]:
    for root in source.roots:
        yield from sorted((root / _PLACES[kind][0]).glob("*/plugin.toml"))


def _read(manifest: Path, kind: Kind, source: Source, problems: list[str]) -> Iterator[Plugin]:
    """The tables of one kind in a manifest; what is wrong is added to ``problems``."""
    table = _PLACES[kind][1]
    try:
        tables = tomllib.loads(manifest.read_text("utf-8"))
    except (OSError, ValueError) as error:
        if table == _MAIN:  # said once, not again for what else the manifest may hold
            problems.append(f"{manifest}: skipped, {' '.join(str(error).split())}")
        return
    if table not in tables and (table != _MAIN or not _BESIDE.isdisjoint(tables)):
        return  # a system's folder may hold systems, trainers, parts, or several of them
    entries = tables.get(table)
    if not isinstance(entries, list) or not entries:
        problems.append(f"{manifest}: skipped, it has no [[{table}]] table")
        return
    if "." in manifest.parent.name:
        problems.append(f"{manifest}: skipped, the folder's name has a dot")
        return
    for entry in entries:
        if fault := _fault(entry):
            problems.append(f"{manifest}: skipped a [[{table}]], {fault}")
            continue
        yield Plugin(
            kind=kind,
            name=entry["name"],
            target=entry.get("target", ""),
            summary=" ".join(entry["summary"].split()),
            folder=manifest.parent,
            source=source,
            extra=entry.get("extra"),
            requires=tuple(entry.get("requires", ())),
            install=" ".join(entry.get("install", "").split()),
            licence=entry.get("licence", ""),
            reason=" ".join(entry.get("reason", "").split()),
            weights=" ".join(entry.get("weights", "").split()),
            key=entry.get("key", ""),
            adapter=entry.get("adapter", ""),
        )


def _fault(entry: object) -> str | None:
    """What is wrong with one table of a manifest, or none."""
    if not isinstance(entry, dict):
        return "it is not a table"
    given = [key for key in ("target", "adapter", "reason") if key in entry]
    if len(given) != 1:
        return (f"it has a {' and a '.join(given)}, where one is wanted" if given
                else "'target' must be a text that is not empty")
    for key in ("name", *given, "summary"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            return f"{key!r} must be a text that is not empty"
    if not _NAME.fullmatch(entry["name"]):
        return f"the name {entry['name']!r} cannot be typed on a command line"
    if "target" in entry and not _TARGET.fullmatch(entry["target"]):
        return f"target must be 'module:Class', not {entry['target']!r}"
    for key in ("extra", "install", "licence", "weights", "key"):
        if not isinstance(entry.get(key, ""), str):
            return f"{key!r} must be a text"
    requires = entry.get("requires", [])
    if not isinstance(requires, list) or not all(isinstance(item, str) for item in requires):
        return "'requires' must be a list of module names"
    return None


def _aloud(problems: Sequence[str]) -> tuple[str, ...]:
    for problem in problems:
        warnings.warn(problem, PluginWarning, stacklevel=2)
    return tuple(problems)


def _importable(module: str) -> bool:
    """Whether a module's top-level package is installed (a submodule would import its parent)."""
    try:
        return importlib.util.find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def _import_object(target: str) -> type:
    module, _, attribute = target.partition(":")
    found: type = getattr(importlib.import_module(module), attribute)
    return found


def _package_of(folder: Path) -> str:
    digest = hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"s2st_bench_user_{digest}"


def _mount(source: Source) -> None:
    """Make a user's folder importable under its own package name; the folder is not put on
    ``sys.path``, so that its other files shadow nothing.
    """
    if source.package not in sys.modules:
        package = ModuleType(source.package)
        package.__path__ = [str(root) for root in source.roots]
        sys.modules[source.package] = package
        importlib.invalidate_caches()  # the folder may have been written a moment ago
