"""Rules by name.

Every class of this package's modules that is a rule with a ``name`` of its own is in the
catalogue: a new rule is one new file.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, TypeVar

from s2st_bench.errors import ConfigError
from s2st_bench.params import construct

from .gate import Gate
from .rule import Rule
from .stability import Stability

R = TypeVar("R", bound=Rule)


def rules() -> dict[str, type[Rule]]:
    """Every rule's class by its name, in alphabetical order."""
    package = importlib.import_module(__name__.rpartition(".")[0])
    found: dict[str, type[Rule]] = {}
    for entry in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        for value in vars(importlib.import_module(entry.name)).values():
            if isinstance(value, type) and issubclass(value, Rule) and "name" in vars(value):
                found[value.name] = value
    return dict(sorted(found.items()))


def make_gate(
    name: str, params: Mapping[str, Any] | None = None, where: str = "policy"
) -> Gate:
    """The gate ``name`` made from ``params``, checked against their annotations.

    ``where`` is how messages name the option, such as ``system.policy``.

    Raises
    ------
    ConfigError
        No gate has that name, or a parameter is unknown or out of range.
    """
    gates = {n: cls for n, cls in rules().items() if issubclass(cls, Gate)}
    return construct(_named(name, gates, "gate", where), params or {}, where)


def make_stability(
    name: str, params: Mapping[str, Any] | None = None, where: str = "policy"
) -> Stability:
    """The stability rule ``name`` made from ``params``; see :func:`make_gate`."""
    known = {n: cls for n, cls in rules().items() if issubclass(cls, Stability)}
    return construct(_named(name, known, "stability rule", where), params or {}, where)


def _named(name: str, known: Mapping[str, type[R]], kind: str, where: str) -> type[R]:
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        hint = f"Did you mean {where}={near[0]} ?" if near else f"Known: {', '.join(known)}"
        raise ConfigError(f"{where}={name}: no such {kind}. {hint}")
    return known[name]
