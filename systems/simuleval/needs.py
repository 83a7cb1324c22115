"""What only the user can give: paths of a checkout, of weights, an address.

A ready configuration leaves such options empty and says under ``needs`` what belongs there::

    args: {model-path: null}
    needs: {args.model-path: "streamspeech.simultaneous.fr-en.pt"}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from s2st_bench.errors import ConfigError

from .arguments import Arguments


def require(needs: Mapping[str, str] | None, options: Mapping[str, Any]) -> None:
    """Check that every option under ``needs`` was given; names are dotted, ``args.model-path``.

    Raises
    ------
    ConfigError
        Naming all that are still empty, and what each of them is.
    """
    missing = [
        f"system.{name}=… ({what})"
        for name, what in (needs or {}).items()
        if _at(options, name) in (None, "")
    ]
    if missing:
        raise ConfigError(f"give {', '.join(missing)}")


def folders_of(root: Path | None, path: Sequence[str] | None) -> list[Path]:
    """What to put on the import path: the checkout, and ``path``, folders in it or elsewhere.

    Raises
    ------
    ConfigError
        One of them is no folder.
    """
    named = [("root", root)] if root is not None else []
    named += [("path", Path(beneath(root, each))) for each in path or ()]
    for option, folder in named:
        if not folder.is_dir():
            raise ConfigError(f"system.{option}={folder}: no such folder")
    return [folder.resolve() for _, folder in named]


def beneath(root: Path | None, value: Any) -> Any:
    """``value``, or where it lies in ``root`` if it names something there."""
    if root is None or not isinstance(value, str | Path) or not str(value):
        return value
    inside = root / value
    return type(value)(inside.resolve()) if inside.exists() else value


LANG = "{tgt_lang}"
"""In ``system.args``: what ``system.tgt_lang`` is."""


def filled(arguments: Arguments, root: Path | None, tgt_lang: str | None = None) -> Arguments:
    """``system.args`` with values (of a mapping or list) that lie in ``root`` made absolute, and
    :data:`LANG` filled in.
    """
    def fill(value: Any) -> Any:
        return tgt_lang if value == LANG else beneath(root, value)

    if isinstance(arguments, Mapping):
        return {name: fill(value) for name, value in arguments.items()}
    if isinstance(arguments, list | tuple):
        return [fill(value) for value in arguments]
    return arguments


def _at(options: Mapping[str, Any], name: str) -> Any:
    first, _, rest = name.partition(".")
    value = options.get(first)
    if not rest:
        return value
    # Arguments as a string or list are the user's own whole line.
    return value.get(rest) if isinstance(value, Mapping) else value
