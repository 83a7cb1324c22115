"""Configured values checked against annotations.

A plugin states its parameters as annotated arguments of ``__init__``; what a configuration gives
is checked against them, so that ``system.k=three`` is refused with one message before any work.
The same check builds the typed run configuration from its dataclasses.

Understood annotations: ``int``, ``float``, ``bool``, ``str``, ``Path``, ``Any``, ``Literal``,
unions and optionals, ``list[T]``, ``tuple[T, ...]``, ``Sequence[T]``, ``dict[str, T]``,
``Mapping[str, T]`` and dataclasses.  A parameter annotated with another class is handed to the
caller's ``build`` (that is how ``system.inner`` becomes a system); a name stands for
``{name: NAME}``.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import difflib
import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from s2st_bench.errors import ConfigError, UsageError

T = TypeVar("T")
Build = Callable[[type, Mapping[str, Any], str], Any]
"""``build(base, mapping, where)``: an instance of ``base`` from its configuration."""

_SCALARS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text",
            Path: "a path"}


def construct(
    cls: Callable[..., T], params: Mapping[str, Any], where: str = "system",
    *, build: Build | None = None,
) -> T:
    """``cls(**params)``, each value checked against its annotation and converted.

    Raises
    ------
    ConfigError
        Naming ``where.key``, what was expected and the nearest known key; also for a
        ``ValueError`` of the constructor itself.
    """
    arguments = check(cls, params, where, build=build)
    try:
        return cls(**arguments)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


def check(
    cls: Callable[..., Any], params: Mapping[str, Any], where: str = "system",
    *, build: Build | None = None,
) -> dict[str, Any]:
    """The keyword arguments that :func:`construct` would pass; constructs only nested parts."""
    signature = inspect.signature(cls)
    hints = _hints(cls)
    known = [p.name for p in signature.parameters.values() if p.kind in _BY_NAME]
    is_open = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature.parameters.values())
    arguments = {}
    for key, value in params.items():
        path = f"{where}.{key}" if where else key
        if key in known:
            arguments[key] = coerce(value, hints.get(key, Any), path, build=build)
        elif is_open:
            arguments[key] = value
        else:
            raise ConfigError(f"{path}: {unknown(path, [f'{where}.{k}' for k in known], value)}")
    for name in known:
        if signature.parameters[name].default is inspect.Parameter.empty and name not in params:
            raise ConfigError(f"{where}.{name} is missing: give {where}.{name}="
                              f"{describe(hints.get(name, Any)).upper().replace(' ', '_')}")
    return arguments


def coerce(value: Any, annotation: Any, where: str, *, build: Build | None = None) -> Any:
    """``value`` as ``annotation`` says.

    Only lossless readings are made: a whole number is a float, a number given for a text is
    that text, a list is a tuple; text is never read as a number.

    Raises
    ------
    ConfigError
        Naming ``where`` and the expected type.
    """
    if annotation is Any or annotation is inspect.Parameter.empty:
        return value
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _union(value, annotation, where, build)
    if annotation in (None, type(None)):
        if value is None:
            return None
        raise _wrong(value, annotation, where)
    if origin is typing.Annotated:
        return coerce(value, get_args(annotation)[0], where, build=build)
    if origin is Literal:
        return _literal(value, annotation, where)
    if annotation in _SCALARS:
        return _scalar(value, annotation, where)
    collection = origin or annotation
    if isinstance(collection, type) and issubclass(collection, collections.abc.Mapping):
        return _mapping(value, annotation, where, build)
    if isinstance(collection, type) and issubclass(
        collection, collections.abc.Sequence | collections.abc.Set
    ):
        return _sequence(value, annotation, collection, where, build)
    if isinstance(annotation, type):
        return _instance(value, annotation, where, build)
    raise _wrong(value, annotation, where)


def describe(annotation: Any) -> str:
    """An annotation in a user's words."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if annotation in (None, type(None)):
        return "null"
    origin = get_origin(annotation)
    if origin is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    if origin in (Union, types.UnionType):
        return " or ".join(describe(part) for part in get_args(annotation))
    if dataclasses.is_dataclass(annotation):
        names = ", ".join(f"{field.name}: …" for field in dataclasses.fields(annotation))
        return f"a mapping {{{names}}}"
    if origin in (dict, collections.abc.Mapping) or annotation in (dict, Mapping):
        return "a mapping {key: value}"
    if origin is not None and (parts := [a for a in get_args(annotation) if a is not ...]):
        return f"a list [{describe(parts[0])}, …]"
    return getattr(annotation, "__name__", str(annotation))


def unknown(key: str, known: Sequence[str], value: Any = None) -> str:
    """"no such option", with the nearest known one."""
    nearest = nearest_key(key, known)
    if nearest is None:
        shown = f" Known: {', '.join(known)}" if known else ""
        return f"no such option.{shown}"
    given = "" if value is None else f"={'…' if isinstance(value, Mapping | list) else value}"
    return f"no such option. Did you mean {nearest}{given} ?"


def nearest_key(key: str, known: Sequence[str]) -> str | None:
    """The known dotted key that is most likely meant, or none."""
    parent, _, leaf = key.rpartition(".")
    beside = {k.rpartition(".")[2]: k for k in known if k.rpartition(".")[0] == parent}
    if near := difflib.get_close_matches(leaf, list(beside), n=1, cutoff=0.6):
        return beside[near[0]]
    elsewhere = [k for k in known if k.rpartition(".")[0] != parent]
    if near := difflib.get_close_matches(key, elsewhere, n=1, cutoff=0.85):
        return near[0]
    # the last part right, but said of another part of the configuration: worker=2
    leaves = {k.rpartition(".")[2]: k for k in reversed(elsewhere)}
    near = difflib.get_close_matches(leaf, list(leaves), n=1, cutoff=0.8)
    return leaves[near[0]] if near else None


_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _hints(cls: Callable[..., Any]) -> dict[str, Any]:
    target = cls.__init__ if isinstance(cls, type) else cls  # type: ignore[misc]
    try:
        return typing.get_type_hints(target)
    except NameError as error:
        raise UsageError(f"{cls.__module__}.{cls.__qualname__}: the annotation {error.name!r} of "
                         "a parameter is not importable at run time") from error


def _wrong(value: Any, annotation: Any, where: str) -> ConfigError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
    return ConfigError(f"{where}: expected {describe(annotation)}, not {shown}")


def _scalar(value: Any, annotation: type, where: str) -> Any:
    if annotation is float and isinstance(value, int | float) and not isinstance(value, bool):
        if math.isnan(value):
            raise _wrong(value, annotation, where)
        return float(value)
    if annotation is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if annotation is bool and isinstance(value, bool):
        return value
    if annotation is str and isinstance(value, str):
        return value
    if annotation is str and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if annotation is Path and isinstance(value, str | Path) and str(value):
        return Path(value)
    raise _wrong(value, annotation, where)


def _literal(value: Any, annotation: Any, where: str) -> Any:
    choices = get_args(annotation)
    for choice in choices:
        if value == choice and type(value) is type(choice):
            return choice
    near = difflib.get_close_matches(str(value), [str(c) for c in choices], n=1)
    hint = f". Did you mean {where}={near[0]} ?" if near else ""
    raise ConfigError(f"{_wrong(value, annotation, where)}{hint}")


def _union(value: Any, annotation: Any, where: str, build: Build | None) -> Any:
    parts = get_args(annotation)
    if value is None and type(None) in parts:
        return None
    rest = [part for part in parts if part is not type(None)]
    if len(rest) == 1:  # an optional: the inner message is the better one
        return coerce(value, rest[0], where, build=build)
    # exact types first, so that 3 given to `str | int` stays a number
    inside: ConfigError | None = None
    for part in sorted(rest, key=lambda p: not (isinstance(p, type) and type(value) is p)):
        try:
            return coerce(value, part, where, build=build)
        except ConfigError as error:
            # of a part that was built, what its own parameter says is the better message
            if not str(error).startswith(f"{where}: expected"):
                inside = error
    raise inside or _wrong(value, annotation, where)


def _mapping(value: Any, annotation: Any, where: str, build: Build | None) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(value, annotation, where)
    arguments = get_args(annotation)
    inner = arguments[1] if len(arguments) == 2 else Any
    return {
        str(key): coerce(item, inner, f"{where}.{key}", build=build)
        for key, item in value.items()
    }


def _sequence(
    value: Any, annotation: Any, collection: type, where: str, build: Build | None
) -> Any:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise _wrong(value, annotation, where)
    arguments = get_args(annotation)
    if collection is tuple and arguments and arguments[-1] is not ...:
        if len(arguments) != len(value):
            raise ConfigError(f"{where}: expected {len(arguments)} values, not {len(value)}")
        inners = list(arguments)
    else:
        inners = [arguments[0] if arguments else Any] * len(value)
    items = [
        coerce(item, inner, f"{where}[{i}]", build=build)
        for i, (item, inner) in enumerate(zip(value, inners, strict=True))
    ]
    if issubclass(collection, collections.abc.Set):
        return frozenset(items) if collection is not set else set(items)
    return items if collection is list else tuple(items)


def _instance(value: Any, annotation: type, where: str, build: Build | None) -> Any:
    if isinstance(value, annotation):
        return value
    if isinstance(value, Mapping):
        if dataclasses.is_dataclass(annotation):
            return construct(annotation, value, where, build=build)
        if build is not None:
            return build(annotation, value, where)
    elif isinstance(value, str) and value and build is not None:
        return build(annotation, {"name": value}, where)
    elif value is None and build is not None:
        raise ConfigError(f"{where} is missing: give {where}=NAME")
    raise _wrong(value, annotation, where)
