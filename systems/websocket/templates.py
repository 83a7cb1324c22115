"""Placeholders in what is sent: ``{name}`` in any text of a message, a header or the address.

A text that is nothing but one placeholder takes its value with its type (a number stays one);
elsewhere the value is written into the text.  Braces around anything that is not a plain name are
left alone, so JSON inside a text needs no care.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from s2st_bench.errors import ConfigError

CREDENTIAL = "credential"
AUDIO = "audio"
"""The encoded audio as bytes; base64 in JSON and texts."""
SAMPLES = "samples"
"""The audio as a list of numbers in [-1, 1]."""
PER_CONNECTION = ("source_lang", "target_lang", "rate_hz", "session_id", CREDENTIAL)
PER_MESSAGE = (AUDIO, SAMPLES, "message_id")

_NAME = re.compile(r"\{([A-Za-z_]\w*)\}")


def names_in(value: Any) -> frozenset[str]:
    """The placeholders in a text, or in all texts of a nested value."""
    if isinstance(value, str):
        return frozenset(_NAME.findall(value))
    if isinstance(value, Mapping):
        return names_in([*value.keys(), *value.values()])
    if isinstance(value, list | tuple):
        return frozenset().union(*(names_in(item) for item in value))
    return frozenset()


def check_names(names: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse placeholders that nothing fills.

    Raises
    ------
    ConfigError
    """
    known = sorted(known)
    for name in sorted(names):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {{{near[0]}}}?" if near else "known: " + ", ".join(known)
            raise ConfigError(f"{where}: {{{name}}} is filled by nothing; {hint}")


def fill(value: Any, values: Mapping[str, Any]) -> Any:
    """``value`` with its placeholders filled; other values are left as they are."""
    if isinstance(value, str):
        if (whole := _NAME.fullmatch(value)) and whole[1] in values:
            return values[whole[1]]
        return _NAME.sub(lambda found: _text(values, found), value)
    if isinstance(value, Mapping):
        return {fill(key, values): fill(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, values) for item in value]
    return value


def _text(values: Mapping[str, Any], found: re.Match[str]) -> str:
    return str(values[found[1]]) if found[1] in values else found[0]
