"""An agent's own command line, parsed as the ``simuleval`` command would, apart from ours.

SimulEval's option groups read the process' arguments when they are built; :class:`AgentParser`
hands them the agent's line instead, so neither its options nor ours can get mixed up.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from s2st_bench.errors import ConfigError

Arguments = str | Sequence[Any] | Mapping[str, Any] | None


def command_line(arguments: Arguments) -> list[str]:
    """``system.args`` as a list of words.

    A string is split as a shell would; a list is taken word by word; a mapping's keys are option
    names without their leading dashes (``True`` is a bare flag, ``False`` and none leave the
    option out, a list gives several values).

    Raises
    ------
    ConfigError
        For anything else.
    """
    if arguments is None:
        return []
    if isinstance(arguments, str):
        try:
            return shlex.split(arguments)
        except ValueError as error:
            raise ConfigError(f"system.args: {error} in {arguments!r}") from None
    if isinstance(arguments, Mapping):
        return [word for name, value in arguments.items() for word in _option(str(name), value)]
    if isinstance(arguments, Sequence):
        if nested := [word for word in arguments if isinstance(word, list | tuple | Mapping)]:
            raise ConfigError(f"system.args: a flat list of words is wanted, not {nested[0]!r}")
        return [str(word) for word in arguments]
    raise ConfigError(
        f"system.args: a string, a list or a mapping is wanted, not {type(arguments).__name__}"
    )


def folder_line(config: Mapping[str, Any], folder: Path) -> list[str]:
    """The arguments in a system folder's config file.

    Values that name a file or folder inside ``folder`` are made absolute: such configs are
    written relative to their folder, and the working folder is not changed here.  Other texts
    are split at spaces, as SimulEval splits them.
    """
    settings = {
        str(name).replace("_", "-"): _inside(value, folder)
        for name, value in config.items()
        if name != "agent_class"
    }
    return command_line(settings)


class AgentParser(argparse.ArgumentParser):
    """An argument parser of ``line``, whatever the process' own is; raises instead of exiting.

    ``where`` says in error messages whose arguments they are.
    """

    def __init__(self, line: Sequence[str], where: str) -> None:
        super().__init__(prog="simuleval", add_help=False, conflict_handler="resolve")
        self.line = list(line)
        self.where = where

    # argparse's overloads cannot be restated here without its private names.
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        return super().parse_known_args(self.line if args is None else args, namespace)

    def error(self, message: str) -> NoReturn:
        raise ConfigError(
            f"system.args of {self.where}: {message} (given: {shlex.join(self.line) or 'nothing'})"
        )

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        self.error(message or "an option of the agent ended the program")


def parse(agent_class: Any, line: Sequence[str], where: str) -> argparse.Namespace:
    """The namespace that ``simuleval`` would give ``agent_class.from_args`` for ``line``.

    SimulEval's own options are all there with their defaults, as agents read some of them
    (``device``, ``source_segment_size``, …).

    Raises
    ------
    ConfigError
        Naming the option: unknown, missing, or with a value the agent does not take.
    """
    from simuleval import options

    parser = AgentParser(line, where)
    options.general_parser(parser=parser)
    options.add_evaluator_args(parser)
    options.add_scorer_args(parser, parser.line)
    options.add_slurm_args(parser)
    options.add_dataloader_args(parser, parser.line)
    # Agents that choose a part by name look for it with simuleval's cli_argument_list.
    with _as_process_line(parser.line):
        agent_class.add_args(parser)
    return parser.parse_args(parser.line)


@contextmanager
def _as_process_line(line: Sequence[str]) -> Iterator[None]:
    """Inside the block ``sys.argv`` is the agent's own line."""
    before = sys.argv
    sys.argv = ["simuleval", *line]
    try:
        yield
    finally:
        sys.argv = before


def _option(name: str, value: Any) -> list[str]:
    word = name if name.startswith("-") else f"--{name}"
    if value is None or value is False:
        return []
    if value is True:
        return [word]
    if isinstance(value, Mapping):
        raise ConfigError(f"system.args.{name}: a value or a list of values is wanted")
    if isinstance(value, list | tuple):
        return [word, *map(str, value)]
    return [word, str(value)]


def _inside(value: Any, folder: Path) -> Any:
    if isinstance(value, list | tuple):
        return [_inside(item, folder) for item in value]
    if not isinstance(value, str) or not value:
        return value
    if (folder / value).exists():
        return str((folder / value).resolve())
    words = value.split()
    return [_inside(word, folder) for word in words] if len(words) > 1 else value
