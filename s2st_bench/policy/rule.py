"""What gates and stability rules have in common: a name, a source, needs and parameters.

A rule is made from its hyper-parameters alone and knows no model.  One that remembers what it was
shown serves one session; :meth:`Rule.fresh` makes the next session's.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import ConfigError, InputError

Unit = Literal["word", "sub-word", "chunk"]
Floats = npt.NDArray[np.floating[Any]]


class Rule:
    """A READ/WRITE rule.  Every argument of a constructor is kept as an attribute of its name."""

    name: ClassVar[str]
    """What users type."""
    source: ClassVar[str]
    """Paper, or the implementation whose behaviour it follows."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """The optional fields of a ``State`` or ``Hypothesis`` without which it cannot decide."""
    unit: Unit
    """What one write is: the unit in which the session counts its target."""

    def parameters(self) -> dict[str, Any]:
        """The hyper-parameters it was made from."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def fresh(self) -> Self:
        """The same rule with nothing remembered, for another session."""
        return type(self)(**self.parameters())

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.parameters().items())
        return f"{self.name}({shown})"

    def _check(self, holds: bool, name: str, wanted: str) -> None:
        """Refuse a hyper-parameter unless ``holds`` (a NaN never does)."""
        if not holds:
            raise ConfigError(f"{self.name}: {name}={getattr(self, name)}: {wanted} is wanted")

    def _check_given(self, evidence: object) -> None:
        """Refuse a state or hypothesis without what the rule needs."""
        for name in sorted(self.needs):
            if getattr(evidence, name) is None:
                raise InputError(
                    f"{self.name} decides by {name}: give {type(evidence).__name__}({name}=…)"
                )
