"""Speech to text, for SimulEval 1.0, built as fairseq's agent is: blocks of speech become units,
sub-words become words, states and entries are the agent's own.

Decides once every ``--blocks`` stretches of 40 ms, and stays ``--waitk`` decisions behind.
"""

from simuleval import DEFAULT_EOS, READ_ACTION, WRITE_ACTION
from simuleval.agents import SpeechAgent
from simuleval.states import ListEntry, SpeechStates

PIECES = ["_eins", "_zwei", "_dr", "ei", "_vier"]
EOS = len(PIECES)


class Blocks(ListEntry):
    """Numbers of samples, added to another list than ListEntry's."""

    def append(self, value):
        self.value = [*self.value, *value]

    def info(self):
        return {"type": "blocks", "length": len(self), "value": ""}


class PreDecisionSpeech(SpeechAgent):
    speech_segment_size = 40

    def __init__(self, args):
        super().__init__(args)
        self.gpu = getattr(args, "gpu", False)
        self.k = args.waitk
        self.speech_segment_size *= args.blocks

    @staticmethod
    def add_args(parser):
        parser.add_argument("--waitk", type=int, default=2)
        parser.add_argument("--blocks", type=int, default=7)
        return parser

    def build_states(self, args, client, sentence_id):
        states = SpeechStates(args, client, sentence_id, self)
        states.units.source = Blocks()
        states.units.target = ListEntry()
        states.heard = 0
        return states

    def segment_to_units(self, segment, states):
        assert all(type(sample) is int for sample in segment)
        return [[len(segment)]]

    def update_states_read(self, states):
        states.heard = sum(states.units.source.value)

    def policy(self, states):
        if not states.heard:
            return READ_ACTION
        lag = len(states.units.source) - len(states.units.target)
        return READ_ACTION if lag < self.k and not states.finish_read() else WRITE_ACTION

    def predict(self, states):
        return min(len(states.units.target), EOS)

    def units_to_segment(self, units, states):
        if units[0] == EOS:
            return DEFAULT_EOS
        last = units[-1]
        if last != EOS and not (PIECES[last].startswith("_") and len(units) > 1):
            return None
        word = [units.pop() for _ in range(len(units) - 1)]
        said = ["".join(PIECES[index] for index in word).strip("_")]
        return [*said, DEFAULT_EOS] if last == EOS else said
