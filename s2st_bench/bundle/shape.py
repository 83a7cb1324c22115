"""Whether what was read from somebody's file has the types that this package counts on.

Reading a run's own files trusts them: a number is taken as it stands there.  In a bundle a text may
stand where a time belongs, and would end the scoring, or the board, somewhere deep inside.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from s2st_bench.errors import InputError

_LARGEST = 2**53
"""A larger number has no place in a run: no sample, second or count."""


def check(value: Any, where: str) -> None:
    """Hold a dataclass from :mod:`s2st_bench.types` against its annotations.

    Raises
    ------
    InputError
        Naming ``where``, the field, and what stands there.
    """
    if found := _dataclass(value, type(value)):
        field, given = found
        raise InputError(f"{where}: {field} cannot be {repr(given)[:80]}")


def _wrong(value: Any, kind: Any) -> tuple[str, Any] | None:
    """The place below ``value`` (empty: itself) that is not as ``kind`` says, and what it is."""
    origin = get_origin(kind)
    if kind is Any:
        return _free(value)
    if dataclasses.is_dataclass(kind):
        return _dataclass(value, kind)
    if origin is tuple:
        return _tuple(value, get_args(kind))
    if origin is Mapping:
        return _mapping(value, get_args(kind)[1])
    if origin in (Union, UnionType):
        found = [_wrong(value, part) for part in get_args(kind)]
        return None if None in found else max(found, key=lambda one: len(one[0]) if one else 0)
    if origin is Literal:
        fits = isinstance(value, str) and value in get_args(kind)
    elif kind is float:
        fits = _number(value, int | float)
    elif kind is int:
        fits = _number(value, int)
    elif kind is str:
        fits = isinstance(value, str) and _writable(value)
    else:
        fits = isinstance(value, kind)
    return None if fits else ("", value)


def _dataclass(value: Any, kind: Any) -> tuple[str, Any] | None:
    if not isinstance(value, kind):
        return "", value
    for name, hint in _hints(kind).items():
        if found := _wrong(getattr(value, name), hint):
            return _below(name, found)
    return None


def _tuple(value: Any, parts: tuple[Any, ...]) -> tuple[str, Any] | None:
    if not isinstance(value, tuple):
        return "", value
    kinds = (parts[0],) * len(value) if parts[1:] == (...,) else parts
    if len(kinds) != len(value):
        return "", value
    for number, (one, kind) in enumerate(zip(value, kinds, strict=True)):
        if found := _wrong(one, kind):
            return _below(str(number), found)
    return None


def _mapping(value: Any, kind: Any) -> tuple[str, Any] | None:
    if not isinstance(value, Mapping):
        return "", value
    for name, one in value.items():
        if not isinstance(name, str) or not _writable(name):
            return "", name
        if found := _wrong(one, kind):
            return _below(name, found)
    return None


def _free(value: Any) -> tuple[str, Any] | None:
    """JSON of any form."""
    if isinstance(value, Mapping):
        return _mapping(value, Any)
    if isinstance(value, list | tuple):
        return _tuple(tuple(value), (Any, ...))
    fits = value is None or isinstance(value, bool | Path) or _number(value, int | float) or (
        isinstance(value, str) and _writable(value))
    return None if fits else ("", value)


def _number(value: Any, kind: Any) -> bool:
    return (isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)
            and abs(value) <= _LARGEST)


def _writable(text: str) -> bool:
    """Half of a surrogate pair can stand in JSON, and be written nowhere."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _below(name: str, found: tuple[str, Any]) -> tuple[str, Any]:
    return (f"{name}.{found[0]}" if found[0] else name), found[1]


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
