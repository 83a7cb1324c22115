"""The null agent for SimulEval: reads everything, says nothing."""

from simuleval.agents import SpeechToTextAgent
from simuleval.agents.actions import Action, ReadAction
from simuleval.agents.states import AgentStates
from simuleval.utils import entrypoint


@entrypoint
class Null(SpeechToTextAgent):  # type: ignore[misc]  # simuleval has no types
    def policy(self, states: AgentStates) -> Action:
        return ReadAction()
