"""The names that an agent written for SimulEval 1.0 imports, in place of an installed 1.1.

Both releases call themselves ``simuleval``.  While an agent's file is run and the agent built,
that name stands for the modules made here; afterwards for what it was.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from . import states
from .states import DEFAULT_EOS, SpeechStates, TextStates

READ_ACTION = "read_action"
WRITE_ACTION = "write_action"
_ROOT = "simuleval"


class Agent:
    """What agents derive from: they say how, the states object says when."""

    data_type: str | None = None

    def __init__(self, args: Any) -> None:
        """``args``: the parsed command line."""

    @staticmethod
    def add_args(parser: Any) -> None:
        """Add the agent's options."""

    def states_type(self, args: Any) -> Any:
        return {"text": TextStates, "speech": SpeechStates}[str(self.data_type)]

    def build_states(self, args: Any, client: Any, sentence_id: int) -> Any:
        built = self.states_type(args)(args, client, sentence_id, self)
        self.initialize_states(built)
        return built

    def initialize_states(self, states: Any) -> None:
        """Called at the beginning of every sentence."""

    def segment_to_units(self, segment: Any, states: Any) -> Any:
        return [segment]

    def units_to_segment(self, unit_queue: Any, states: Any) -> Any:
        return unit_queue.pop()

    def update_states_read(self, states: Any) -> None:
        """Called after every READ."""

    def update_states_write(self, states: Any) -> None:
        """Called after every WRITE."""

    def policy(self, states: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no policy(states)")

    def predict(self, states: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no predict(states)")


class TextAgent(Agent):
    """Text in, text out."""

    data_type = "text"


class SpeechAgent(Agent):
    """Speech in, text out."""

    data_type = "speech"
    speech_segment_size = 10
    """Milliseconds of speech in a READ."""


@contextmanager
def as_simuleval() -> Iterator[None]:
    """Inside the block ``import simuleval`` finds the modules of 1.0."""
    ours = _modules()
    before = {name: module for name, module in sys.modules.items() if _is_simuleval(name)}
    for name in before:
        del sys.modules[name]
    sys.modules.update(ours)
    try:
        yield
    finally:
        for name in [name for name in sys.modules if _is_simuleval(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def _is_simuleval(name: str) -> bool:
    return name.partition(".")[0] == _ROOT


def _modules() -> dict[str, ModuleType]:
    agents = {"Agent": Agent, "TextAgent": TextAgent, "SpeechAgent": SpeechAgent}
    state = {
        name: value for name, value in vars(states).items()
        if isinstance(value, type) and issubclass(value, states.Entry | states.BaseStates)
    }
    contents: dict[str, dict[str, Any]] = {
        "": {"DEFAULT_EOS": DEFAULT_EOS, "READ_ACTION": READ_ACTION, "WRITE_ACTION": WRITE_ACTION},
        "agents": agents,
        "agents.agent": agents,
        "agents.text_agent": agents,
        "agents.speech_agent": agents,
        "states": state,
        "states.states": state,
        "states.text_states": state,
        "states.speech_states": state,
        "utils": {},
    }
    made = {}
    for path, names in contents.items():
        full = f"{_ROOT}.{path}" if path else _ROOT
        made[full] = module = ModuleType(full, "SimulEval 1.0's interface, by s2st_bench.")
        module.__path__ = []
        vars(module).update(names)
        parent, _, child = full.rpartition(".")
        if parent:
            setattr(made[parent], child, module)
    return made
