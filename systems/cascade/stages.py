"""The four stages as sessions: each is handed what the one before it wrote.

Between stages, a write with content carries it (speech, or words with the space before them), and
a write that says nothing ends the utterance.  With ``retract`` the text stages write every new
hypothesis and take back what changed; without it they write what their ``Committer`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from s2st_bench.edits import difference
from s2st_bench.parts import Recogniser, StreamingTranslator, Translator, waited_s
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

    def grow(self, beginning: tuple[str, ...]) -> Iterator[Write]:
        """Write what ``beginning`` (of the utterance's last hypothesis, which is still being
        decoded) says beyond what stands; nothing where it says otherwise.
        """
        if self._committer is None:
            wanted = _joined("", beginning)
        else:
            wanted = _joined(self._shown, self._committer.grow(beginning))
        if len(wanted) > len(self._shown) and wanted.startswith(self._shown):
            yield from self._changed(wanted)

    def show(self, hypothesis: tuple[str, ...], is_over: bool) -> Iterator[Write]:
        """Write what ``hypothesis`` (of the utterance so far) allows; ``END`` if it is over."""
        if self._committer is None:
            wanted = _joined("", hypothesis)
        elif is_over:
            wanted = _joined(self._shown, self._committer.finish(hypothesis))
        else:
            wanted = _joined(self._shown, self._committer.push(hypothesis))
        yield from self._changed(wanted)
        if is_over:
            self._is_first = self._is_first and not self._shown
            self._shown = ""
            yield END

    def _changed(self, wanted: str) -> Iterator[Write]:
        """What makes ``wanted`` stand where something else does."""
        # The space before an utterance goes and comes with its first word.
        space = "" if self._is_first else " "
        old = space + self._shown if self._shown else ""
        new = space + wanted if wanted else ""
        retract, text = difference(old, new)
        self._shown = wanted
        if text or retract:
            yield Write(text, retract_chars=retract)


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
        waited = waited_s(self._recogniser)
        if write is not None and write.audio is not None:
            self._is_open = True
            for part in slices(write.audio.samples, self._slice):
                yield from self.show(self._recogniser.accept(part), is_over=False)
        if self._is_open and (write == END or observation.is_last):
            self._is_open = False
            yield from self.show(self._recogniser.finish(), is_over=True)
        self.meter.network(waited_s(self._recogniser) - waited)

    def close(self) -> None:
        self._recogniser.close()


class MtStage(TextStage):
    """Source words in, target words out; the utterance so far is translated anew each time.

    The last translation of an utterance is written word by word where the translator gives it so.
    """

    def __init__(
        self, translator: Translator, committer: Committer | None,
        polish: Callable[[str, bool], str], every_words: int = 1,
    ) -> None:
        """``polish(text, is_over)`` makes a written sentence of an utterance's translation; it is
        translated again after ``every_words`` new words.
        """
        super().__init__(committer)
        self._translator = translator
        self._polish = polish
        self._every_words = every_words
        self._source = ""
        self._translated = 0
        """Words of the source when it was last translated."""

    def policy(self, observation: Observation) -> Iterator[Write]:
        write = observation.write
        is_over = observation.is_last or write == END
        if write is not None and write != END:
            self._source = self._source[: len(self._source) - write.retract_chars] + write.text
        elif not is_over:
            return
        words = self._source.split()
        is_soon = 1 < self._every_words > abs(len(words) - self._translated)
        if words and (is_over or not is_soon):
            self._translated = len(words)
            yield from self._translate(" ".join(words), is_over)
        if is_over:
            self._source = ""
            self._translated = 0

    def _translate(self, source: str, is_over: bool) -> Iterator[Write]:
        waited = waited_s(self._translator)
        target = ""
        if is_over and isinstance(self._translator, StreamingTranslator):
            for target in self._translator.stream(source, is_over):
                # the last word may not be all there
                yield from self.grow(tuple(self._polish(target, False).split()[:-1]))
        else:
            target = self._translator.translate(source, is_over)
        self.meter.network(waited_s(self._translator) - waited)
        yield from self.show(tuple(self._polish(target, is_over).split()), is_over)


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
