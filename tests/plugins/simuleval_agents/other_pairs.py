"""What SimulEval's own evaluator cannot run: text to speech, text and speech in one segment."""

from simuleval.agents import GenericAgent, TextToSpeechAgent
from simuleval.agents.actions import Action, ReadAction, WriteAction
from simuleval.agents.states import AgentStates
from simuleval.data.segments import EmptySegment, SpeechSegment, SpeechTextSegment, TextSegment
from simuleval.utils import entrypoint


class Counting(AgentStates):
    def reset(self) -> None:
        super().reset()
        self.calls = 0


@entrypoint
class Spell(TextToSpeechAgent):
    """Speaks a hundredth of a second a letter."""

    def build_states(self) -> Counting:
        return Counting()

    def policy(self, states: AgentStates) -> Action:
        states.calls += 1
        if states.calls > len(states.source):
            return WriteAction(SpeechSegment(finished=True), finished=True)
        samples = [0.1] * 80 * len(states.source[-1])
        return WriteAction(SpeechSegment(content=samples, sample_rate=8_000), finished=False)


@entrypoint
class Both(GenericAgent):
    """Text and speech together at every second segment."""

    source_type = "speech"
    target_type = "speech_text"

    def build_states(self) -> Counting:
        return Counting()

    def policy(self, states: AgentStates) -> Action:
        return ReadAction()

    def pop(self, states=None):
        states = states or self.states
        states.calls += 1
        done = states.source_finished
        if states.calls % 2 and not done:
            return EmptySegment()
        return SpeechTextSegment(
            text_segment=TextSegment(content=f"call {states.calls}", finished=done),
            speech_segment=SpeechSegment(content=[0.5] * 100, sample_rate=8_000, finished=done),
        )


@entrypoint
class Never(TextToSpeechAgent):
    """Never says anything, and never finishes."""

    def policy(self, states: AgentStates) -> Action:
        return ReadAction()
