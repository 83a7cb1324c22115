"""SimulEval agents, run unmodified.

An agent is named by a Python file (``agent``), a dotted class (``agent_class``) or a system
folder (``system_dir``), as for the ``simuleval`` command, and is given its own arguments; or it
runs elsewhere, behind SimulEval's own server (``remote``).  All source and target types work,
linear pipelines and trees too; a tree's text and speech outputs come from one run.  Needs the
package ``simuleval`` (CC BY-SA 4.0), which is called, not copied.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from s2st_bench.errors import ConfigError, DependencyError, SystemFailure
from s2st_bench.system import System
from s2st_bench.types import Modality, Task

from . import agents, arguments
from .hosted import HostedAgent
from .imports import on_path
from .needs import beneath, filled, folders_of, require
from .remote import RemoteAgent
from .session import AgentSession, Loop, Settings

_MODALITIES = ("speech", "text")


class SimulEvalAgent(System):
    """A SimulEval agent.

    Parameters
    ----------
    agent
        A Python file with the agent, marked ``@entrypoint``.
    agent_class
        ``package.module.Class``; with ``agent``, which class of the file.
    system_dir, system_config
        A folder whose config file names ``agent_class`` and arguments.
    user_dir
        The folder of a Python package to import before the agent is looked for; alone, the
        agent is the class in it that is marked ``@entrypoint``.
    root
        A checkout of the agent's project: put on the import path while the agent is loaded;
        ``agent``, ``user_dir``, ``path`` and values of ``args`` that lie in it are taken from
        there.
    path
        Further folders for the import path.
    args
        The agent's own arguments, as given to ``simuleval``: one string, a list of words, or a
        mapping of option names to values; ``{tgt_lang}`` among them is ``tgt_lang``.
    needs
        Options that the user must give, and what they are.
    remote, remote_source, remote_output
        ``HOST:PORT`` of an agent behind ``simuleval --standalone``, and what it takes and gives.
    segment_ms
        Length of the source segments of speech (``--source-segment-size``); none: the run's
        chunk, or what ``args`` says.
    dtype
        ``fp16`` or ``fp32``, handed to the agent's ``to``.
    tgt_lang
        The target language in the agent's own code, when it is not the run's.
    unit
        How text segments are joined: ``word`` (with spaces), ``char`` (without) or ``spm``
        (sentencepiece pieces).
    loop
        ``simuleval``: say exactly what SimulEval's evaluator records; ``complete``: all that the
        agent says.
    """

    sources = frozenset({"speech", "text"})
    outputs = frozenset({"speech", "text"})

    def __init__(
        self,
        *,
        agent: Path | None = None,
        agent_class: str | None = None,
        system_dir: Path | None = None,
        system_config: str = "main.yaml",
        user_dir: Path | None = None,
        root: Path | None = None,
        path: list[str] | None = None,
        args: str | list[Any] | dict[str, Any] | None = None,
        needs: dict[str, str] | None = None,
        remote: str | None = None,
        remote_source: Modality = "speech",
        remote_output: Modality = "text",
        segment_ms: int | None = None,
        dtype: Literal["fp16", "fp32"] | None = None,
        tgt_lang: str | None = None,
        unit: Literal["word", "char", "spm"] = "word",
        loop: Loop = "simuleval",
    ) -> None:
        if remote is None:
            given = {"agent": agent, "agent_class": agent_class, "system_dir": system_dir,
                     "user_dir": user_dir, "root": root, "args": args, "tgt_lang": tgt_lang,
                     "remote": remote}
            require(needs, given)
            if not (agent or agent_class or system_dir or user_dir):
                raise ConfigError(
                    "system=simuleval: say which agent with system.agent=FILE.py, "
                    "system.agent_class=package.module.Class, system.system_dir=FOLDER or "
                    "system.remote=HOST:PORT"
                )
        if system_dir and (agent or agent_class):
            raise ConfigError("system=simuleval: system.system_dir already names its agent class")
        if segment_ms is not None and segment_ms < 1:
            raise ConfigError(f"system.segment_ms={segment_ms}: at least 1 is wanted")
        self.agent: Path | None = beneath(root, agent)
        self.agent_class = agent_class
        self.system_dir = system_dir
        self.system_config = system_config
        self.user_dir: Path | None = beneath(root, user_dir)
        self.folders = folders_of(root, path)
        self.args = arguments.command_line(filled(args, root, tgt_lang))
        self.remote = (
            RemoteAgent(remote, remote_source, remote_output)
            if remote is not None else None
        )
        self.dtype = dtype
        self.settings = Settings(segment_ms, tgt_lang, unit, loop)
        self._hosted: HostedAgent | None = None
        self._cuda = False
        self._busy = False

    def load(self, device: str = "cpu") -> None:
        """Build the agent with its arguments and move it to ``device``.

        Raises
        ------
        DependencyError
            ``simuleval`` is not installed.
        ConfigError
            The agent is not found, or does not take the arguments.
        SystemFailure
            No agent answers at ``remote``.
        """
        if importlib.util.find_spec("simuleval") is None:
            raise DependencyError("simuleval", "system=simuleval", "simuleval")
        if self.remote is not None:
            self.remote.reset()
            self._settle(HostedAgent(self.remote), f"the agent at {self.remote.address}")
            return
        folder = self.system_dir.resolve() if self.system_dir else None
        with on_path(*([folder] if folder else []), *self.folders):
            agent_class, own = self._find(folder)
            line = [*self._harness_line(device), *own, *self.args]
            where = getattr(agent_class, "__name__", str(agent_class))
            namespace = arguments.parse(agent_class, line, where)
            built = agent_class.from_args(namespace)
        half = (namespace.dtype or ("fp16" if namespace.fp16 else "fp32")) == "fp16"
        built.to(namespace.device, fp16=half)
        # "gpu" is what StreamSpeech's agents call it.
        self._cuda = str(namespace.device).startswith(("cuda", "gpu"))
        if self.settings.segment_ms is None and namespace.source_segment_size > 1:
            self.settings = replace(self.settings, segment_ms=namespace.source_segment_size)
        self._settle(HostedAgent(built), where)

    def open(self, task: Task) -> AgentSession:
        """A fresh session.

        Raises
        ------
        SystemFailure
            The agent cannot do the task, or keeps its state in itself and is in use.
        """
        if self._hosted is None:
            raise SystemFailure("system=simuleval was not loaded")
        if reason := self.supports(task):
            raise SystemFailure(f"the agent {reason}")
        if self._hosted.shareable:
            return AgentSession(self._hosted, task, self.settings)
        if self._busy:
            raise SystemFailure(
                "the agent keeps its state in itself (its policy takes no states, or it has its "
                "own reset), so one worker runs one session at a time: raise executor.workers"
            )
        session = _SoleSession(self, self._hosted, task)
        self._busy = True
        return session

    def release(self) -> None:
        """The only session of an agent that cannot be shared is over."""
        self._busy = False

    def synchronize(self) -> None:
        if self._cuda:
            import torch

            torch.cuda.synchronize()

    def _find(self, folder: Path | None) -> tuple[Any, list[str]]:
        """The agent's class and the arguments that come with it."""
        marked = agents.import_user_dir(self.user_dir) if self.user_dir else []
        if folder is not None:
            config = agents.read_folder(folder, self.system_config)
            found = agents.from_name(config["agent_class"])
            return found, arguments.folder_line(config, folder)
        if self.agent:
            return agents.from_file(self.agent, self.agent_class), []
        if self.agent_class:
            return agents.from_name(self.agent_class), []
        return agents.only(marked, f"system.user_dir={self.user_dir}"), []

    def _harness_line(self, device: str) -> list[str]:
        """SimulEval's own options that stand for ours; the agent's arguments come after."""
        line = ["--device", device]
        if self.dtype:
            line += ["--dtype", self.dtype]
        if self.settings.segment_ms:
            line += ["--source-segment-size", str(self.settings.segment_ms)]
        return line

    def _settle(self, hosted: HostedAgent, where: str) -> None:
        """Take the agent's types as this system's."""
        kinds = (hosted.source, *hosted.outputs)
        if unknown := [kind for kind in kinds if kind not in _MODALITIES]:
            raise ConfigError(f"{where} has source or target type {unknown[0]!r}: only speech and "
                              "text can be replayed")
        if len(set(hosted.outputs)) < len(hosted.outputs):
            raise ConfigError(
                f"{where} is a tree with several {hosted.outputs[0]} outputs: say which one with "
                'system.args="--output-index N"'
            )
        self._hosted = hosted
        # What a SimulEval agent takes and gives is known once it is built, not by class.
        self.sources = frozenset({cast(Modality, hosted.source)})
        self.outputs = frozenset(cast(tuple[Modality, ...], hosted.outputs))
        self.sessions = None if hosted.shareable else 1


class _SoleSession(AgentSession):
    """The session of an agent that only one listener can use at a time."""

    def __init__(self, system: SimulEvalAgent, agent: HostedAgent, task: Task) -> None:
        self._system = system
        super().__init__(agent, task, system.settings)

    def close(self) -> None:
        super().close()
        self._system.release()
