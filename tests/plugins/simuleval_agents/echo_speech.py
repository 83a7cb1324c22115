"""Speech to speech: every second segment, gives back what it heard at half the rate."""

from simuleval.agents import SpeechToSpeechAgent
from simuleval.agents.actions import Action, ReadAction, WriteAction
from simuleval.agents.states import AgentStates
from simuleval.data.segments import SpeechSegment
from simuleval.utils import entrypoint


class EchoStates(AgentStates):
    def reset(self) -> None:
        super().reset()
        self.calls = 0
        self.given = 0


@entrypoint
class EchoSpeech(SpeechToSpeechAgent):
    def build_states(self) -> EchoStates:
        return EchoStates()

    def policy(self, states: AgentStates) -> Action:
        states.calls += 1
        finished = states.source_finished
        if states.calls % 2 and not finished:
            return ReadAction()
        samples = states.source[states.given :: 2]
        states.given = len(states.source)
        return WriteAction(
            SpeechSegment(
                content=samples,
                sample_rate=states.source_sample_rate // 2,
                finished=finished,
                # Without it SimulEval 1.1.4's server cannot write the segment as JSON.
                tgt_lang=states.tgt_lang,
            ),
            finished=finished,
        )
