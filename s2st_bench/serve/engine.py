"""The loaded system: what it can be asked for, and one session of it from start to end.

Sessions share its weights and take turns at each of its stages
(:class:`~s2st_bench.replay.turns.Turns`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from s2st_bench.clock import Clock
from s2st_bench.errors import ConfigError, UsageError
from s2st_bench.replay.opening import closing, open_session
from s2st_bench.replay.policy import replay_session
from s2st_bench.replay.turns import Turns
from s2st_bench.replay.workers import replay_workers
from s2st_bench.serve.live import LiveRecord, LiveSource
from s2st_bench.serve.protocol import Refused, Settings
from s2st_bench.serveconfig import ServeConfig
from s2st_bench.system import PipelineSession, StreamSystem, System
from s2st_bench.types import Modality, Task

ASKED = (
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "gl", "he",
    "hi", "hu", "id", "it", "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sv",
    "ta", "th", "tr", "uk", "vi", "zh",
)
"""A system is not made to list its languages; these are tried to offer the page a choice."""


class Engine:
    """A system that live sessions run on.

    Raises
    ------
    UsageError
        It cannot be served at all.
    """

    def __init__(self, system: System, config: ServeConfig) -> None:
        if reason := _unfit(system):
            raise UsageError(f"system {system.name} cannot be served: {reason}")
        self.system = system
        self.config = config
        self.outputs = frozenset(config.outputs or system.outputs) & system.outputs
        if not self.outputs:
            raise ConfigError(f"outputs: system {system.name} gives "
                              f"{' and '.join(sorted(system.outputs))} only")
        self.pairs: tuple[tuple[str, str], ...] = ()
        """Language pairs to choose from, the server's own first; not all there are."""
        self._turns = Turns()
        self._opening = threading.Lock()

    def load(self) -> None:
        """Load the weights, and ask for what languages; takes its time.

        Raises
        ------
        ConfigError
            The system does not do the pair that the configuration names.
        """
        self.system.load(self.config.device)
        self.pairs = self._pairs()
        source_lang, target_lang = self.config.source_lang, self.config.target_lang
        if source_lang and target_lang and (source_lang, target_lang) not in self.pairs:
            task = Task(source_lang, target_lang, "speech", self.outputs,
                        self.config.sample_rate_hz)
            raise ConfigError(f"system {self.system.name}: {self._reason(task)}")

    def task(self, settings: Settings) -> Task:
        """What a client has asked for, if it can be had.

        Raises
        ------
        Refused
        """
        source_lang = settings.source_lang or self.config.source_lang
        target_lang = settings.target_lang or self.config.target_lang
        for key, value in (("source_lang", source_lang), ("target_lang", target_lang)):
            if value is None:
                raise Refused("bad_setting", f"{key} is not known: the server has none to start "
                              "from, send one before the audio")
        outputs: frozenset[Modality] = self.outputs - {"speech"}
        if settings.speech is not None:
            if "speech" not in self.outputs:
                raise Refused("unsupported", "this service gives text only, no speech")
            outputs |= {"speech"}
        if not outputs:
            raise Refused("unsupported", 'this service only speaks: ask for speech with '
                          '{"speech": "pcm_s16le"}')
        task = Task(
            str(source_lang), str(target_lang), "speech", outputs, self.config.sample_rate_hz,
            seed=self.config.seed,
        )
        if reason := self._reason(task):
            raise Refused("unsupported", reason)
        return task

    def run(self, task: Task, source: LiveSource, clock: Clock, record: LiveRecord) -> None:
        """One session to its end, in the calling thread.

        Raises
        ------
        SystemFailure, Abandoned
        """
        with self._opening:
            session, _ = open_session(self.system, task, clock, record)
        with closing(session):
            if isinstance(session, PipelineSession):
                replay_workers(session, self.system, source, clock, record, self._turns)
            else:
                replay_session(session, self.system, source, clock, record, self._turns)

    def seats(self, wanted: int) -> int:
        """How many sessions it can hold, of those wanted."""
        return min(wanted, self.system.sessions or wanted)

    def _pairs(self) -> tuple[tuple[str, str], ...]:
        config = self.config
        sources = _first(config.source_lang, ASKED)
        targets = _first(config.target_lang, ASKED)
        task = Task(sources[0], targets[0], "speech", self.outputs, config.sample_rate_hz)
        return tuple(
            (source, target) for source in sources for target in targets
            if self._reason(replace(task, source_lang=source, target_lang=target)) is None
        )

    def _reason(self, task: Task) -> str | None:
        """Why the system cannot do ``task``; its own mistakes are a reason too."""
        try:
            return self.system.supports(task)
        except Exception as error:
            return f"supports() raised {type(error).__name__}: {error}"


def _unfit(system: System) -> str | None:
    if isinstance(system, StreamSystem):
        return "it is a service itself; connect to it where it runs"
    if system.privileged:
        return "it is a control, which must be shown the references"
    if "speech" not in system.sources:
        return "it takes text, and a service hears speech"
    return None


def _first(own: str | None, others: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*([own] if own else []), *others]))
