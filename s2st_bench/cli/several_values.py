"""Options that take every word up to the next option, so that shell patterns work:
``--versus runs/b-*``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import typer
from typer.core import TyperCommand

_SEVERAL = ("--versus", "--dev")


class SeveralValues(TyperCommand):
    """A command whose list options need be named once only."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        return super().parse_args(ctx, list(spread(args)))


def spread(args: Sequence[str]) -> Iterator[str]:
    """``--versus A B`` as ``--versus A --versus B``."""
    option, first = "", False
    for number, arg in enumerate(args):
        if arg == "--":
            yield from args[number:]
            return
        if arg.startswith("-"):
            name, _, value = arg.partition("=")
            option, first = (name, not value) if name in _SEVERAL else ("", False)
            yield arg
        elif option and not first:
            yield from (option, arg)
        else:
            first = False
            yield arg
