"""Speech to speech: bursts of 0.1 and 0.9 s in turn, so that there are gaps and queues."""

from simuleval.agents import SpeechToSpeechAgent
from simuleval.agents.actions import Action, ReadAction, WriteAction
from simuleval.agents.states import AgentStates
from simuleval.data.segments import SpeechSegment
from simuleval.utils import entrypoint

RATE_HZ = 22_050
CALLS = (1, 4, 5, 6)
DURATIONS_S = (0.1, 0.9, 0.1234)


class BurstsStates(AgentStates):
    def reset(self) -> None:
        super().reset()
        self.calls = 0
        self.said = 0


@entrypoint
class BurstsSpeech(SpeechToSpeechAgent):
    def build_states(self) -> BurstsStates:
        return BurstsStates()

    def policy(self, states: AgentStates) -> Action:
        finished = states.source_finished
        states.calls += 1
        if states.calls not in CALLS and not finished:
            return ReadAction()
        samples = round(RATE_HZ * DURATIONS_S[states.said % len(DURATIONS_S)])
        states.said += 1
        return WriteAction(
            SpeechSegment(content=[0.1] * samples, sample_rate=RATE_HZ, finished=finished),
            finished=finished,
        )
