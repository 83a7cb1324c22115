"""An agent shared by the sessions of one worker: whose states it works on, call by call.

SimulEval's evaluator keeps one agent with one set of states (``agent.states``) and calls it
without naming them.  Agents are written for that, so they are called the same way here; what
differs between sessions is which states the agent finds in itself.
"""

from __future__ import annotations

from inspect import signature
from typing import Any

States = list[Any]
"""One states object per module of the agent."""


class HostedAgent:
    """An agent, whole or a pipeline.

    Attributes
    ----------
    shareable
        Whether sessions may take turns: every module takes its states as an argument, which is
        how SimulEval's agents declare that they keep nothing else, and none has a ``reset`` of
        its own to clear more than them.
    """

    def __init__(self, agent: Any) -> None:
        self.agent = agent
        self.modules: list[Any] = list(getattr(agent, "module_list", None) or [agent])
        self.shareable = _plain_reset(agent) and all(
            _plain_reset(module) and signature(module.policy).parameters
            for module in self.modules
        )
        self._free: list[States] = []
        if self.shareable:
            self._free.append([module.states for module in self.modules])

    @property
    def source(self) -> str:
        """``speech`` or ``text``; a project's own type (``comp-text``) counts by its last word."""
        return str(self.agent.source_type).rpartition("-")[2]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The type of each output; several for a tree."""
        return tuple(str(self.agent.target_type).split("_"))

    def start(self) -> States:
        """Fresh states for one session.

        States that an agent builds itself may hold models; those of a session that is over are
        reset and used again, as SimulEval does.
        """
        states: States = []
        if self.shareable:
            used = self._free.pop() if self._free else [None] * len(self.modules)
            states = [
                module.build_states() if own is None or _plain_states(module) else own
                for module, own in zip(self.modules, used, strict=True)
            ]
        self.reset(states)
        return states

    def finish(self, states: States) -> None:
        """A session is over."""
        if self.shareable:
            self._free.append(states)

    def reset(self, states: States) -> None:
        """Forget the sentence."""
        self._adopt(states)
        self.agent.reset()

    def pushpop(self, states: States, segment: Any) -> Any:
        """One call: give a segment, get what the agent says."""
        self._adopt(states)
        return self.agent.pushpop(segment)

    def _adopt(self, states: States) -> None:
        if self.shareable:
            for module, own in zip(self.modules, states, strict=True):
                module.states = own


def _plain_reset(agent: Any) -> bool:
    from simuleval.agents import AgentPipeline, GenericAgent

    return type(agent).reset in (GenericAgent.reset, AgentPipeline.reset)


def _plain_states(module: Any) -> bool:
    from simuleval.agents import GenericAgent

    return type(module).build_states is GenericAgent.build_states
