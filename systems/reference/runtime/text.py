"""Text in, text in another language out: one sentence, as a whole or word by word.

Words are encoded as they come and never again; what is translated by wait-k (Ma et al. 2019, arXiv
1810.08398) sees, for each target word, exactly the source words it saw in training.
"""

from __future__ import annotations

import numpy as np

from ..pieces import END
from .models import Models, empty
from .writer import Writer

LONGEST_PER_PIECE = 2.0
LONGEST_AT_LEAST = 12
"""A translation has at most ``LONGEST_PER_PIECE`` pieces for each of the source, and so many."""


class Sentence:
    """One source sentence and its translation into ``lang``.

    Raises
    ------
    ConfigError
        The models do not know ``lang``.
    """

    def __init__(self, models: Models, lang: str) -> None:
        self._graph = models.text_encoder
        self._pieces = models.pieces
        self._writer = Writer(models.text_decoder, lang)
        self._state = {name: empty(self._graph, name)
                       for name in ("past_keys", "past_values")}
        self._ends: list[int] = []
        """Pieces up to the end of each source word; the end of the sentence counts as one."""
        self._is_over = False

    def read(self, words: str, *, is_over: bool = False) -> None:
        """The words that follow, all whole; ``is_over`` if the sentence ends with them.

        Raises
        ------
        ValueError
            The sentence was over.
        """
        if self._is_over:
            raise ValueError("the sentence is over: what follows is another one")
        new: list[int] = []
        for word in words.split():
            new += self._pieces.encode(word)
            self._ends.append(self._writer.heard + len(new))
        if is_over:
            new.append(END)
            self._ends.append(self._writer.heard + len(new))
            self._is_over = True
        if new:
            self._encode(new)

    def whole(self) -> str:
        """The translation of what was read, greedy; nothing of it is committed."""
        if not self._writer.heard:
            return ""
        return self._pieces.decode((*self._writer.tokens, *self._writer.greedy(self._limit)))

    def wait_k(self, k: int) -> str:
        """The translation so far, word ``w`` (from 0) once ``k + w`` source words were read.

        Each call goes on from the one before: what was returned is the beginning of what comes.
        """
        writer = self._writer
        while self._ends and len(writer.tokens) < self._limit and END not in writer.tokens[-1:]:
            begun = sum(map(self._pieces.starts_word, writer.tokens))
            if begun:  # whether the word under way goes on is asked with the source it may see
                best = writer.next(self._visible(k + begun - 1)).best
                if not self._pieces.starts_word(best):
                    writer.push(best)
                    continue
            if not self._is_over and k + begun > len(self._ends):
                break
            writer.push(writer.next(self._visible(k + begun)).best)
        return self._pieces.decode(writer.tokens)

    @property
    def _limit(self) -> int:
        return int(LONGEST_PER_PIECE * self._writer.heard) + LONGEST_AT_LEAST

    def _visible(self, words: int) -> int:
        """Source pieces of the first ``words`` words, as far as they were read."""
        return self._ends[min(words, len(self._ends)) - 1]

    def _encode(self, new: list[int]) -> None:
        found = self._graph(
            source=np.array([new], np.int64), first=np.array(self._writer.heard, np.int64),
            **self._state,
        )
        self._state = {name: found[name.replace("past_", "kept_")] for name in self._state}
        self._writer.hear(found["frames"][0])
