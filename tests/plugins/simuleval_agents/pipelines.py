"""A linear pipeline and a tree: a clock that speaks text, a translator, a voice."""

from argparse import ArgumentParser

from simuleval.agents import (
    AgentPipeline,
    SpeechToTextAgent,
    TextToSpeechAgent,
    TextToTextAgent,
    TreeAgentPipeline,
)
from simuleval.agents.actions import Action, ReadAction, WriteAction
from simuleval.agents.states import AgentStates
from simuleval.data.segments import SpeechSegment
from simuleval.utils import entrypoint

RATE_HZ = 8_000


class Listener(SpeechToTextAgent):
    """Writes a word for each half second it has heard."""

    def policy(self, states: AgentStates) -> Action:
        heard = len(states.source) // (max(states.source_sample_rate, 1) // 2)
        if heard <= len(states.target) and not states.source_finished:
            return ReadAction()
        return WriteAction(f"word{heard}", finished=states.source_finished)


class Translator(TextToTextAgent):
    """Puts a mark before what it reads, ``--lag`` words late."""

    def __init__(self, args):
        super().__init__(args)
        self.lag = args.lag

    @staticmethod
    def add_args(parser: ArgumentParser) -> None:
        parser.add_argument("--lag", type=int, default=1)

    def policy(self, states: AgentStates) -> Action:
        new = states.source[len(states.target) :]
        if len(new) <= self.lag and not states.source_finished:
            return ReadAction()
        said = new if states.source_finished else new[:1]
        return WriteAction(" ".join(f"-{word}" for word in said), states.source_finished)


class VoiceStates(AgentStates):
    def reset(self) -> None:
        super().reset()
        self.spoken = 0


class Voice(TextToSpeechAgent):
    """Speaks each word it reads as a tenth of a second of a constant."""

    def build_states(self) -> VoiceStates:
        return VoiceStates()

    def policy(self, states: AgentStates) -> Action:
        new = len(states.source) - states.spoken
        states.spoken = len(states.source)
        if not new and not states.source_finished:
            return ReadAction()
        segment = SpeechSegment(
            content=[0.25] * (RATE_HZ // 10 * new),
            sample_rate=RATE_HZ,
            finished=states.source_finished,
        )
        return WriteAction(segment, finished=states.source_finished)


@entrypoint
class Interpreter(AgentPipeline):
    pipeline = [Listener, Translator]


@entrypoint
class Voiceover(AgentPipeline):
    pipeline = [Listener, Translator, Voice]


@entrypoint
class Captioned(TreeAgentPipeline):
    """Text and speech of one listener."""

    pipeline = {Listener: [Translator, Voice], Translator: [], Voice: []}
