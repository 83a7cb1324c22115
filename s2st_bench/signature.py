"""Signatures: every setting a reader needs to make a number again, as sacrebleu writes them.

A signature is an ordered list of ``key:value`` fields joined by ``|``::

    verbose  metric:BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|sacrebleu:2.6.0|…
    short    m:BLEU|#:1|c:mixed|e:no|t:13a|s:exp|sb:2.6.0|…

Both forms hold the same fields, and :meth:`Signature.parse` reads either.  The characters that
carry the form (``|``, ``:``, ``%``, and anything not printable) are written ``%XX``, as in URLs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote, unquote

from s2st_bench.errors import UsageError

SHORT: Mapping[str, str] = MappingProxyType({
    "metric": "m",
    "nrefs": "#",
    "case": "c",
    "eff": "e",
    "tok": "t",
    "smooth": "s",
    "text_norm": "tn",
    "unit": "u",
    "clock": "ck",
    "ca": "ca",
    "speed": "x",
    "stages": "st",
    "reseg": "rs",
    "corpus": "cp",
    "lang": "l",
    "repeats": "r",
    "group": "g",
    "penalty": "p",
    "interval": "ci",
    "seed": "sd",
    "sacrebleu": "sb",
    "s2st_bench": "v",
})
"""Verbose key to short key; a key that is not here is written in full in both forms."""

_LONG: Mapping[str, str] = MappingProxyType({short: key for key, short in SHORT.items()})
_PLAIN = "+-_.,;=()[]{}<>*/@#~!?&$^' "


@dataclass(frozen=True, slots=True)
class Signature:
    """Fields in the order they are written; keys are unique and in their verbose form."""

    fields: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        keys = [key for key, _ in self.fields]
        if "" in keys or len(set(keys)) != len(keys):
            raise UsageError(f"signature: a key is empty or stands twice among {keys}")
        clash = [key for key in keys if key in _LONG and SHORT.get(key) != key]
        if clash:
            raise UsageError(f"signature: {clash[0]!r} is the short form of {_LONG[clash[0]]!r}")

    @classmethod
    def of(cls, *parts: Mapping[str, str]) -> Signature:
        """Join mappings, in order; empty values are left out, a later one wins."""
        merged: dict[str, str] = {}
        for part in parts:
            merged.update(part)
        return cls(tuple((key, value) for key, value in merged.items() if value))

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read either form back.

        Raises
        ------
        UsageError
            If a field has no ``:`` or a key stands twice.
        """
        fields = []
        for field in text.split("|") if text else ():
            key, colon, value = field.partition(":")
            if not colon:
                raise UsageError(f"signature: {field!r} is not key:value")
            key = unquote(key)
            fields.append((_LONG.get(key, key), unquote(value)))
        return cls(tuple(fields))

    def verbose(self) -> str:
        return _join(self.fields)

    def short(self) -> str:
        return _join((SHORT.get(key, key), value) for key, value in self.fields)

    def __getitem__(self, key: str) -> str:
        return dict(self.fields)[key]

    def get(self, key: str, default: str = "") -> str:
        return dict(self.fields).get(key, default)

    def __str__(self) -> str:
        return self.verbose()


def _join(fields: Iterable[tuple[str, str]]) -> str:
    return "|".join(f"{quote(k, safe=_PLAIN)}:{quote(v, safe=_PLAIN)}" for k, v in fields)
