"""Text to text: waits for k tokens, then writes one upper-cased token for each it reads."""

from argparse import ArgumentParser

from simuleval.agents import TextToTextAgent
from simuleval.agents.actions import Action, ReadAction, WriteAction
from simuleval.agents.states import AgentStates
from simuleval.utils import entrypoint


@entrypoint
class WaitKText(TextToTextAgent):
    def __init__(self, args):
        super().__init__(args)
        self.wait_k = args.wait_k

    @staticmethod
    def add_args(parser: ArgumentParser) -> None:
        parser.add_argument("--wait-k", type=int, required=True)

    def policy(self, states: AgentStates) -> Action:
        lagging = len(states.source) - len(states.target)
        if lagging < self.wait_k and not states.source_finished:
            return ReadAction()
        if not lagging:
            return WriteAction("", finished=True)
        token = states.source[len(states.target)].upper()
        return WriteAction(token, finished=lagging <= 1 and states.source_finished)
