"""One listener of a reference model: a stream cut into utterances, each with its own decider."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from s2st_bench.speech.stage import END
from s2st_bench.system import HypothesisSession, Observation, Session
from s2st_bench.types import AudioChunk, Samples, TextChunk, Write

from .deciders import Decider
from .utterance import Utterance
from .utterances import Piece, Utterances

Decide = Callable[[Utterance], Decider]


class ReferenceSession(Session):
    """Writes what its policy decides."""

    def __init__(
        self, utterances: Utterances, begin: Callable[[], Utterance], decide: Decide, *,
        ends: bool = False,
    ) -> None:
        """``ends``: say with an empty write where an utterance is over, for a speaking stage."""
        self._utterances = utterances
        self._begin = begin
        self._decide = decide
        self._ends = ends
        self._decider: Decider | None = None
        self._is_first = True
        """Nothing has been said yet."""
        self._spoken = False
        """Whether the utterance under way has said something."""

    def policy(self, observation: Observation) -> Iterator[Write]:
        if observation.samples is not None:
            for piece in self._utterances.push(observation.samples):
                yield from self._hear(piece)
        if observation.is_last:
            for piece in self._utterances.finish():
                yield from self._hear(piece)

    def _hear(self, piece: Piece) -> Iterator[Write]:
        if self._decider is None:
            self._decider = self._decide(self._begin())
        with self.meter.stage("encoder"):
            new = self._decider.utterance.hear(piece.samples, ends=piece.ends)
        if not new and not piece.ends:
            return
        decided = self._decider.advance(piece.ends)
        while True:
            with self.meter.stage("decoder"):
                text = next(decided, None)
            if text is None:
                break
            yield Write(self._spaced(text))
        if piece.ends:
            self._decider = None
            self._spoken = False
            if self._ends:
                yield END

    def _spaced(self, text: str) -> str:
        """The space before an utterance's first word, unless it is the first of all."""
        before = "" if self._spoken or self._is_first else " "
        self._spoken, self._is_first = True, False
        return before + text


class ReferenceHypothesis(HypothesisSession):
    """Says at any time how all it has heard translates; utterances that are over stay as they are.
    """

    def __init__(self, utterances: Utterances, begin: Callable[[], Utterance]) -> None:
        self._utterances = utterances
        self._begin = begin
        self._utterance: Utterance | None = None
        self._fixed: list[str] = []

    def accept(self, chunk: AudioChunk | TextChunk) -> None:
        if isinstance(chunk, AudioChunk):
            self._take(chunk.samples)

    def hypothesis(self, is_last: bool) -> str:
        if is_last:
            for piece in self._utterances.finish():
                self._hear(piece)
        texts = list(self._fixed)
        if self._utterance is not None and self._utterance.ear.count:
            texts.append(self._translation(self._utterance))
        return " ".join(text for text in texts if text)

    def _take(self, samples: Samples) -> None:
        for piece in self._utterances.push(samples):
            self._hear(piece)

    def _hear(self, piece: Piece) -> None:
        if self._utterance is None:
            self._utterance = self._begin()
        with self.meter.stage("encoder"):
            self._utterance.hear(piece.samples, ends=piece.ends)
        if piece.ends:
            self._fixed.append(self._translation(self._utterance))
            self._utterance = None

    def _translation(self, utterance: Utterance) -> str:
        if not utterance.ear.count:
            return ""
        with self.meter.stage("decoder"):
            return utterance.pieces.decode(utterance.writer.greedy())
