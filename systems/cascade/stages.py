"""The four stages as sessions: each is handed what the one before it wrote.

Between stages, a write with content carries it (speech, or words with the space before them), and
a write that says nothing ends the utterance.  With ``retract`` the text stages write every new
hypothesis and take back what changed; without it they write what their ``Committer`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from s2st_bench.edits import difference
from s2st_bench.parts import Recogniser, Translator
from s2st_bench.policy import Committer
from s2st_bench.speech.stage import CLOSING, END
from s2st_bench.system import Observation, Session
from s2st_bench.types import Samples, Speech, Write

from .utterances import Utterances
from .vad import RATE_HZ


class VadStage(Session):
    """Source audio in, speech out."""

    def __init__(self, utterances: Utterances) -> None:
        self._utterances = utterances

    def policy(self, observation: Observation) -> Iterator[Write]:
        if observation.samples is not None:
            yield from map(_speech, self._utterances.push(observation.samples))
        if observation.is_last:
            yield from map(_speech, self._utterances.finish())


class TextStage(Session):
    """What recognition and translation share: writing out hypotheses of one utterance."""

    def __init__(self, committer: Committer | None) -> None:
        """``committer`` none: write every hypothesis, taking back what changed."""
        self._committer = committer
        self._shown = ""
        """Of this utterance, as far as it was written."""
        self._is_first = True
        """Nothing stands from earlier utterances."""

    def show(self, hypothesis: tuple[str, ...], is_over: bool) -> Iterator[Write]:
        """Write what ``hypothesis`` (of the utterance so far) allows; ``END`` if it is over."""
        if self._committer is None:
            wanted = _joined("", hypothesis)
        elif is_over:
            wanted = _joined(self._shown, self._committer.finish(hypothesis))
        else:
            wanted = _joined(self._shown, self._committer.push(hypothesis))
        # The space before an utterance goes and comes with its first word.
        space = "" if self._is_first else " "
        old = space + self._shown if self._shown else ""
        new = space + wanted if wanted else ""
        retract, text = difference(old, new)
        self._shown = wanted
        if text or retract:
            yield Write(text, retract_chars=retract)
        if is_over:
            self._is_first = self._is_first and not self._shown
            self._shown = ""
            yield END


class AsrStage(TextStage):
    """Speech in, source words out."""

    def __init__(
        self, recogniser: Recogniser, committer: Committer | None, partial_every_s: float
    ) -> None:
        super().__init__(committer)
        self._recogniser = recogniser
        self._slice = max(1, round(partial_every_s * RATE_HZ))
        self._is_open = False

    def policy(self, observation: Observation) -> Iterator[Write]:
        write = observation.write
        if write is not None and write.audio is not None:
            self._is_open = True
            for part in slices(write.audio.samples, self._slice):
                yield from self.show(self._recogniser.accept(part), is_over=False)
        if self._is_open and (write == END or observation.is_last):
            self._is_open = False
            yield from self.show(self._recogniser.finish(), is_over=True)

    def close(self) -> None:
        self._recogniser.close()


class MtStage(TextStage):
    """Source words in, target words out; the utterance so far is translated anew each time."""

    def __init__(
        self, translator: Translator, committer: Committer | None,
        polish: Callable[[str, bool], str],
    ) -> None:
        """``polish(text, is_over)`` makes a written sentence of an utterance's translation."""
        super().__init__(committer)
        self._translator = translator
        self._polish = polish
        self._source = ""

    def policy(self, observation: Observation) -> Iterator[Write]:
        write = observation.write
        is_over = observation.is_last or write == END
        if write is not None and write != END:
            self._source = self._source[: len(self._source) - write.retract_chars] + write.text
        elif not is_over:
            return
        if words := self._source.split():
            target = self._polish(self._translator.translate(" ".join(words), is_over), is_over)
            yield from self.show(tuple(target.split()), is_over)
        if is_over:
            self._source = ""


def polished(text: str, is_over: bool) -> str:
    """An utterance as a sentence: a capital first, a full stop when it is over.

    >>> polished("die Pause beginnt um drei", is_over=True)
    'Die Pause beginnt um drei.'
    """
    if text:
        text = text[0].upper() + text[1:]
    if text and is_over and not text.endswith((".", "!", "?")):
        text += "."
    return text


def plain(text: str, is_over: bool) -> str:
    """An utterance as the translator gave it."""
    return text


def slices(samples: Samples, length: int) -> Iterator[Samples]:
    """``samples`` in pieces of ``length``, the last one shorter."""
    for start in range(0, len(samples), length):
        yield samples[start : start + length]


def _speech(samples: Samples | None) -> Write:
    if samples is None:
        return END
    return Write(audio=Speech(np.asarray(samples, np.float32), RATE_HZ))


def _joined(shown: str, words: tuple[str, ...]) -> str:
    """``words`` after what was shown; a closing mark by itself goes with the word before it."""
    text = " ".join([shown, *words] if shown else words)
    for mark in CLOSING:
        text = text.replace(f" {mark}", mark)
    return text
