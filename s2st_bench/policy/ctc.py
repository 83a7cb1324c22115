"""Gates by how much CTC heads have recognised and translated so far.

N_asr and N_st are the lengths of the greedy CTC outputs (collapsed) of recognition and of
translation: new units in both mean new content, and N_st how many target units it is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .gate import Gate, State


@dataclass
class StreamSpeech(Gate):
    """Of each chunk in which both outputs grew, as many units as translation's CTC has.

    READ unless N_asr >= N'_asr + n and N_st >= N'_st + n, N' the greatest lengths of chunks that
    passed; else WRITE until floor((N_st - k1) / n) n units are written, and READ.  With
    ``whole_words`` one unit more, by which the session sees where the last word ends; it then
    drops that unfinished word (:func:`~s2st_bench.policy.stability.whole_words`).

    The agent's defaults: k1 = 0, n = 1, whole words from chunks of 640 ms.  The paper's own rule
    is g(i) = min{j : N_asr(j) >= N_asr(g(i - 1)) + 1 and N_st(j) >= i}: k1 = 0, n = 1.
    """

    name = "streamspeech"
    source = "Zhang et al. 2024, arXiv:2406.03049, section 3.2; the agent of ictnlp/StreamSpeech"
    needs = frozenset({"ctc"})
    unit = "sub-word"

    k1: int = 0
    n: int = 1
    whole_words: bool = False
    _read: int = field(default=-1, init=False, repr=False, compare=False)
    _longest: tuple[int, int] = field(default=(0, 0), init=False, repr=False, compare=False)
    _budget: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check(self.k1 >= 0, "k1", "at least 0")
        self._check(self.n >= 1, "n", "at least 1")

    def decide(self, state: State) -> bool:
        if state.ctc is None:
            return True
        if state.read != self._read:  # a new chunk
            self._read = state.read
            self._budget = self._allowed(*state.ctc)
        return state.written < self._budget

    def _allowed(self, asr: int, st: int) -> int:
        """Target units that may be written in all, after a chunk with these lengths."""
        if asr < self._longest[0] + self.n or st < self._longest[1] + self.n:
            return 0
        self._longest = (asr, st)
        return (st - self.k1) // self.n * self.n + self.whole_words


@dataclass(frozen=True)
class EchoStream(Gate):
    """WRITE unit i (from 0) if N_asr >= k1 + i n1 and N_st >= k2 + i n2.

    The project documents k1 = k2 = n1 = n2 = 3 without saying where i begins; from 0, k is what
    precedes the first unit, as in wait-k.
    """

    name = "echostream"
    source = "documentation of Kyle-Riss/Ko-Speech2Speech (EchoStream)"
    needs = frozenset({"ctc"})
    unit = "sub-word"

    k1: int = 3
    n1: int = 3
    k2: int = 3
    n2: int = 3

    def __post_init__(self) -> None:
        for name in ("k1", "k2"):
            self._check(getattr(self, name) >= 0, name, "at least 0")
        for name in ("n1", "n2"):
            self._check(getattr(self, name) >= 1, name, "at least 1")

    def decide(self, state: State) -> bool:
        if state.ctc is None:
            return True
        asr, st = state.ctc
        i = state.written
        return asr >= self.k1 + i * self.n1 and st >= self.k2 + i * self.n2
