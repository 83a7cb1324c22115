"""Text to text by a part that is named on the command line and adds options of its own, which the
agent looks for in the process' arguments, as FBK's StreamAtt does.
"""

from simuleval.agents import TextToTextAgent
from simuleval.agents.actions import ReadAction, WriteAction
from simuleval.utils import entrypoint
from simuleval.utils.arguments import cli_argument_list


class Marker:
    @staticmethod
    def add_args(parser):
        parser.add_argument("--mark", required=True)


@entrypoint
class NestedOptions(TextToTextAgent):
    def __init__(self, args):
        super().__init__(args)
        self.mark = args.mark

    @staticmethod
    def add_args(parser):
        parser.add_argument("--part", required=True)
        args, _ = parser.parse_known_args(cli_argument_list(None))
        globals()[args.part].add_args(parser)

    def policy(self, states):
        if not states.source_finished:
            return ReadAction()
        return WriteAction(self.mark.join(states.source), finished=True)
