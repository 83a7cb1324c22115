"""Text to text, for SimulEval 1.0: k tokens behind, every token in capitals."""

from simuleval import DEFAULT_EOS, READ_ACTION, WRITE_ACTION
from simuleval.agents import TextAgent


class WaitKText(TextAgent):
    data_type = "text"

    def __init__(self, args):
        super().__init__(args)
        self.k = args.waitk

    @staticmethod
    def add_args(parser):
        parser.add_argument("--waitk", type=int, required=True)

    def policy(self, states):
        lag = len(states.source) - len(states.target)
        return READ_ACTION if lag < self.k and not states.finish_read() else WRITE_ACTION

    def predict(self, states):
        if states.target.length() == states.source.length():
            return DEFAULT_EOS
        return states.source[len(states.target)].upper()
