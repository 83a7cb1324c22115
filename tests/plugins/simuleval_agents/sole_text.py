"""Text to text, keeping its state in itself: says how many tokens it has read, two at a time."""

from simuleval.agents import TextToTextAgent
from simuleval.agents.actions import Action, ReadAction, WriteAction
from simuleval.utils import entrypoint


@entrypoint
class SoleText(TextToTextAgent):
    def reset(self) -> None:
        super().reset()
        self.said = 0

    def policy(self) -> Action:
        read = len(self.states.source)
        if read - self.said < 2 and not self.states.source_finished:
            return ReadAction()
        self.said = read
        return WriteAction(f"read  {read} ", finished=self.states.source_finished)
