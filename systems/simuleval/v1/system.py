"""Agents of SimulEval 1.0, run unmodified.

Their file is run with the names that it imports from ``simuleval`` 1.0 (``READ_ACTION``,
``SpeechAgent``, ``SpeechStates``, …); no ``simuleval`` needs to be installed.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any, Literal

from s2st_bench.errors import ConfigError, SystemFailure
from s2st_bench.system import System
from s2st_bench.types import Modality, Task

from .. import arguments
from ..imports import module_of_file, on_path
from ..needs import beneath, filled, folders_of, require
from .names import Agent, as_simuleval
from .session import PullSession, Unit
from .source import Exchange, Sample, SpeechExchange, TextExchange


class SimulEvalV1Agent(System):
    """An agent of SimulEval 1.0.

    Parameters
    ----------
    agent
        A Python file with one agent in it, or several of which ``agent_class`` names one.
    agent_class
        ``package.module.Class``; with ``agent``, which class of the file.
    root
        A checkout of the agent's project: put on the import path while the agent is loaded;
        ``agent``, ``path`` and values of ``args`` that lie in it are taken from there.
    path
        Further folders for the import path.
    args
        The agent's own arguments: a string, a list of words, or a mapping.
    needs
        Options that the user must give, and what they are.
    samples
        How an agent gets speech: ``int16`` as 1.0.2 sends it, ``float32`` as DiSeg's copy does.
    unit
        How written segments are joined: ``word`` (with spaces) or ``char`` (``--no-space``).
    """

    sources = frozenset({"speech", "text"})
    outputs = frozenset({"text"})

    def __init__(
        self,
        *,
        agent: Path | None = None,
        agent_class: str | None = None,
        root: Path | None = None,
        path: list[str] | None = None,
        args: str | list[Any] | dict[str, Any] | None = None,
        needs: dict[str, str] | None = None,
        samples: Sample = "int16",
        unit: Unit = "word",
    ) -> None:
        require(needs, {"agent": agent, "agent_class": agent_class, "root": root, "args": args})
        if not (agent or agent_class):
            raise ConfigError(
                "say which agent with system.agent=FILE.py or "
                "system.agent_class=package.module.Class"
            )
        self.agent: Path | None = beneath(root, agent)
        self.agent_class = agent_class
        self.folders = folders_of(root, path)
        self.args = arguments.command_line(filled(args, root))
        self.samples = samples
        self.unit = unit
        self._built: Any = None
        self._parsed = argparse.Namespace()
        self._busy = False

    def load(self, device: str = "cpu") -> None:
        """Build the agent with its arguments.

        Raises
        ------
        ConfigError
            The agent is not found, or does not take the arguments.
        """
        with on_path(*self.folders), as_simuleval():
            agent_class = self._find()
            self._parsed = _parse(agent_class, [*_on(device), *self.args])
            self._built = agent_class(self._parsed)
        if self._built.data_type not in ("speech", "text"):
            raise ConfigError(
                f"{agent_class.__name__}.data_type is {self._built.data_type!r}: speech or text "
                "is wanted"
            )
        source: Modality = self._built.data_type
        self.sources = frozenset({source})

    def open(self, task: Task) -> PullSession:
        """A fresh session.

        Raises
        ------
        SystemFailure
            The agent cannot do the task, or is in use: agents of 1.0 keep caches in themselves.
        """
        if self._built is None:
            raise SystemFailure("the agent was not loaded")
        if reason := self.supports(task):
            raise SystemFailure(f"the agent {reason}")
        if self._busy:
            raise SystemFailure(
                "agents of SimulEval 1.0 serve one session at a time: raise executor.workers"
            )
        exchange: Exchange = (
            SpeechExchange(self.samples) if task.source == "speech" else TextExchange()
        )
        session = PullSession(self._built, self._parsed, exchange, self.unit, self._release)
        self._busy = True
        return session

    def synchronize(self) -> None:
        if getattr(self._parsed, "gpu", False):
            import torch

            torch.cuda.synchronize()

    def _release(self) -> None:
        self._busy = False

    def _find(self) -> Any:
        if self.agent is None:
            return _class_at(str(self.agent_class))
        module = module_of_file(self.agent)
        found = {
            name: value for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, Agent)
            and value.__module__ == module.__name__
        }
        if self.agent_class is not None:
            wanted = self.agent_class.rpartition(".")[2]
            if wanted not in found:
                raise ConfigError(
                    f"system.agent_class={self.agent_class}: {self.agent} has no agent {wanted}"
                )
            return found[wanted]
        if len(found) != 1:
            raise ConfigError(
                f"system.agent={self.agent}: {', '.join(found) or 'no class'} made from "
                "simuleval's TextAgent or SpeechAgent, one is wanted; say which with "
                "system.agent_class=NAME"
            )
        return next(iter(found.values()))


def _class_at(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise ConfigError(
            f"system.agent_class={dotted}: importing it failed ({type(error).__name__}: {error}); "
            "a checkout is named with system.root=FOLDER"
        ) from error
    return found


def _parse(agent_class: Any, line: list[str]) -> argparse.Namespace:
    """What ``simuleval`` 1.0 gives an agent: its own options and the general ones."""
    parser = arguments.AgentParser(line, agent_class.__name__)
    parser.add_argument("--agent")
    parser.add_argument("--num-processes", type=int, default=1)
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--slurm", action="store_true")
    parser.add_argument("--output")
    agent_class.add_args(parser)
    parsed: argparse.Namespace = parser.parse_args(line)
    return parsed


def _on(device: str) -> list[Literal["--gpu"]]:
    return ["--gpu"] if device.startswith("cuda") else []
