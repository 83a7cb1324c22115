"""Speech to text: says the time at fixed intervals of source audio; ends a sentence now and then.

Two classes are marked, so the command line has to say which one is meant.
"""

from argparse import ArgumentParser

from simuleval.agents import SpeechToTextAgent
from simuleval.agents.actions import Action, ReadAction, WriteAction
from simuleval.agents.states import AgentStates
from simuleval.utils import entrypoint


@entrypoint
class SpeechClock(SpeechToTextAgent):
    """Says "at N" with N in milliseconds."""

    def __init__(self, args):
        super().__init__(args)
        self.every_ms = args.every_ms

    @staticmethod
    def add_args(parser: ArgumentParser) -> None:
        parser.add_argument("--every-ms", type=int, default=500)

    def policy(self, states: AgentStates) -> Action:
        heard_ms = 1000 * len(states.source) // max(states.source_sample_rate, 1)
        if not states.source_finished and heard_ms < self.every_ms * (len(states.target) + 1):
            return ReadAction()
        return WriteAction(f"at {heard_ms}", finished=states.source_finished)


@entrypoint
class SentenceClock(SpeechClock):
    """Ends a sentence every ``--every-ms`` and begins the next one at once."""

    def policy(self, states: AgentStates) -> Action:
        heard_ms = 1000 * len(states.source) // max(states.source_sample_rate, 1)
        finished = states.source_finished or heard_ms >= self.every_ms
        return WriteAction(f"{heard_ms}{'.' if finished else ''}", finished)
