"""The user's key: from the environment, into what is sent, and nowhere else."""

from __future__ import annotations

import base64
import json
import os
from urllib.parse import quote

from s2st_bench.config import REDACTED
from s2st_bench.errors import UsageError

_SHORTEST_HIDDEN = 4
"""Shorter values would blot out ordinary words of a message."""
_SHORTEST_START = 8
"""Of a key, in characters, that is taken out where the rest is cut off."""


class Secret:
    """A key that does not print itself."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    @classmethod
    def from_environment(cls, variable: str, service: str) -> Secret:
        """The key that a variable holds; none where no variable is named.

        Raises
        ------
        UsageError
        """
        if not variable:
            return cls()
        value = os.environ.get(variable, "").strip()
        if not value:
            raise UsageError(
                f"system {service} needs its key in the environment: export {variable}=…"
            )
        if not value.isprintable() or not value.isascii():
            raise UsageError(f"{variable} holds characters that no key has")
        return cls(value)

    def reveal(self) -> str:
        """The key itself: for what is sent only."""
        return self._value

    def scrub(self, text: str) -> str:
        """``text`` in one line, without the key in any of the forms in which it was sent."""
        forms = self._forms()
        # a message may have been cut inside the key: starts of it count too
        starts = {form[:n] for form in forms for n in range(_SHORTEST_START, len(form))}
        for form in (*forms, *sorted(starts, key=len, reverse=True)):
            text = text.replace(form, REDACTED)
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())

    def _forms(self) -> list[str]:
        """How the key may be written: as it is, in an address, a header, JSON, a shown text."""
        value = self._value
        if len(value) < _SHORTEST_HIDDEN:
            return []
        in_json = json.dumps(value)[1:-1]
        forms = {value, quote(value, safe=""), base64.b64encode(value.encode()).decode(),
                 in_json, in_json.replace("/", "\\/")}
        forms |= {repr(form)[1:-1] for form in forms}
        return sorted(forms, key=len, reverse=True)

    def __repr__(self) -> str:
        return f"Secret({REDACTED!r})"
