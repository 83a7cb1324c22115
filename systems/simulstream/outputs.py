"""What a speech processor answers to a chunk, and what it makes of the text that stands.

An answer is simulstream's ``IncrementalOutput``, or the same four fields as JSON: ``new_string``,
``deleted_string`` and the tokens they were made of, ``new_tokens``, ``deleted_tokens``.  What is
deleted is the end of what stands; it goes first.

Strings are what simulstream's own clients show, tokens what its log holds and its scorers read;
they can differ (a tokenizer that drops the space before a first token glues words together in the
strings).  Hence two ways of reading an answer, :class:`Strings` and :class:`Tokens`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from s2st_bench.errors import SystemFailure
from s2st_bench.formats.tokens import Joining, TokenStack
from s2st_bench.types import Write

TextFrom = Literal["strings", "word", "char", "spm", "bytes"]
"""Where text is taken from: the strings, or the tokens and how they join."""

_LOG = logging.getLogger(__name__)
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Output:
    """One answer of a processor."""

    new_string: str = ""
    deleted_string: str = ""
    new_tokens: tuple[str, ...] = ()
    deleted_tokens: tuple[str, ...] = ()


def from_object(answer: object, where: str) -> Output:
    """An answer given in process.

    Raises
    ------
    SystemFailure
        It is not an ``IncrementalOutput``.
    """
    return _checked(lambda key: getattr(answer, key, None), where, type(answer).__name__)


def from_json(answer: object, where: str) -> Output:
    """An answer that came over a network.

    Raises
    ------
    SystemFailure
        It is not such an object.
    """
    if not isinstance(answer, Mapping):
        raise SystemFailure(f"{where} answered {short(answer)}, not an object")
    return _checked(answer.get, where, f"an object with {', '.join(map(str, answer)) or 'nothing'}")


class Text(Protocol):
    """The text that stands."""

    def write(self, output: Output) -> Write | None:
        """The answer as a write; none where it changes nothing.

        Raises
        ------
        SystemFailure
            It takes back what does not stand.
        """


class Strings:
    """Text as simulstream's clients show it."""

    def __init__(self) -> None:
        self._text = ""
        self._warned = False

    def write(self, output: Output) -> Write | None:
        return self.edit(output.new_string, output.deleted_string)

    def edit(self, new: str, deleted: str) -> Write | None:
        """Take ``deleted`` back, then add ``new``."""
        count = self._count(deleted) if deleted else 0
        self._text = self._text[: len(self._text) - count] + new
        return Write(new, retract_chars=count) if new or count else None

    def _count(self, deleted: str) -> int:
        """Characters that go.

        As simulstream's client does, it is the length that counts.  A tokenizer that leaves out
        the space before the very first word may name it when all is taken back.
        """
        if self._text.endswith(deleted):
            return len(deleted)
        if self._text.strip() == deleted.strip():
            return len(self._text)
        if len(deleted) > len(self._text):
            raise SystemFailure(
                f"the processor took back {len(deleted)} characters ({short(deleted)}) where "
                f"{len(self._text)} stood ({short(self._text)})"
            )
        if not self._warned:
            self._warned = True
            _LOG.warning(
                "the processor took back %s where the text ends with %s; its length counts, as in "
                "simulstream's client (system.text=spm|bytes|word|char reads the tokens instead)",
                short(deleted), short(self._text[-len(deleted):]),
            )
        return len(deleted)


class Tokens:
    """Text joined from tokens, as simulstream's scorers read its log."""

    def __init__(self, joining: Joining) -> None:
        self._stack = TokenStack(joining)

    def write(self, output: Output) -> Write | None:
        try:
            count = self._stack.take_back(output.deleted_tokens)
        except ValueError:
            raise SystemFailure(
                f"the processor took back the tokens {short(list(output.deleted_tokens))}, which "
                "are not the last that stand"
            ) from None
        new = self._stack.add(output.new_tokens)
        return Write(new, retract_chars=count) if new or count else None


def text_of(source: TextFrom) -> Text:
    """An empty text, filled from ``source``."""
    return Strings() if source == "strings" else Tokens(source)


def short(value: object) -> str:
    """A foreign value for a message: escaped and cut."""
    shown = ascii(value) if not isinstance(value, str) else repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def said(error: BaseException) -> str:
    """An error's message in one short line: it may be empty, or quote what a server sent."""
    message = "".join(char if char.isprintable() else " " for char in str(error)[:200])
    return " ".join(message.split()) or type(error).__name__


def _checked(get: Callable[[str], Any], where: str, kind: str) -> Output:
    def text(key: str) -> str:
        if not isinstance(value := get(key), str):
            raise SystemFailure(f"{where} answered {kind:.200}: {key} is no text")
        return value

    def texts(key: str) -> tuple[str, ...]:
        value = get(key)
        if not isinstance(value, list | tuple) or not all(isinstance(t, str) for t in value):
            raise SystemFailure(f"{where} answered {kind:.200}: {key} is no list of texts")
        return tuple(value)

    return Output(text("new_string"), text("deleted_string"), texts("new_tokens"),
                  texts("deleted_tokens"))
