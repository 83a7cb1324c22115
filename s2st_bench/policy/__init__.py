"""READ/WRITE rules apart from any model: gates, and how much of a hypothesis is stable.

::

    rule = make_gate("wait_k", {"k": 3})               # once
    gate = rule.fresh()                                # a session's own
    gate.may_write(State(read=4, written=1))           # before each target unit: True

    rule = make_stability("local_agreement", {"n": 2}).fresh()
    rule.stable(Hypothesis(("a", "b")), committed=0)   # after each chunk: units to commit

Pure numpy; it imports nothing of the package but errors and the check of parameters.  How to
write a session's loop around a rule, and how to add one, is in the README beside this file.
"""

from .agreement import Hold, LocalAgreement, SharedPrefix
from .attention import AlignAtt, EDAtt
from .catalogue import make_gate, make_stability, rules
from .commit import Committer, continuation
from .controls import Eager, FixedRate, Offline, Oracle, Random
from .ctc import EchoStream, StreamSpeech
from .emma import EMMA
from .gate import Gate, Schedule, State
from .mma import MMAHard, MMAInfiniteLookback
from .rule import Rule, Unit
from .stability import Hypothesis, Stability, common_prefix, whole_words
from .waitk import CatchUp, MultipathWaitK, WaitK, WaitKSpeech, WaitKStride, sample_k

__all__ = [
    "EMMA", "AlignAtt", "CatchUp", "Committer", "EDAtt", "Eager", "EchoStream", "FixedRate",
    "Gate", "Hold", "Hypothesis", "LocalAgreement", "MMAHard", "MMAInfiniteLookback",
    "MultipathWaitK", "Offline", "Oracle", "Random", "Rule", "Schedule", "SharedPrefix",
    "Stability", "State", "StreamSpeech", "Unit", "WaitK", "WaitKSpeech", "WaitKStride",
    "common_prefix", "continuation", "make_gate", "make_stability", "rules", "sample_k",
    "whole_words",
]
