"""A checkpoint's tokens as text: where words begin, what closes a sentence.

Texts grow: that of more ids begins with that of fewer, so that what was written stands.  Half a
character, which byte-level tokens may end in, is left out until the rest of it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

CLOSING: Final = (".", "?", "!", "。", "？", "！", "।", "؟")
_WORD: Final = ("▁", "Ġ", " ")
_INSIDE: Final = "##"
_HALF: Final = "\ufffd"


class Tokens:
    """Around a tokenizer of transformers.

    ``spaced``: the language puts spaces between words; else each token counts as a word.
    """

    def __init__(self, tokenizer: Any, *, spaced: bool) -> None:
        self._tokenizer = tokenizer
        self._spaced = spaced
        self._by_inside = any(str(token).startswith(_INSIDE) for token in tokenizer.get_vocab())

    def text(self, ids: Sequence[int]) -> str:
        """What ``ids`` say, without special tokens."""
        said = self._tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(said).lstrip().rstrip(_HALF).rstrip()

    def starts(self, before: Sequence[int], ids: Sequence[int]) -> tuple[bool, ...]:
        """For each of ``ids``, which follow ``before``, whether a word begins with it."""
        if not self._spaced:
            known = [*before, *ids]
            return tuple(not self._is_half(known[: len(before) + n]) for n in range(len(ids)))
        found = self._tokenizer.convert_ids_to_tokens(list(ids))
        marks = [not token.startswith(_INSIDE) if self._by_inside else token.startswith(_WORD)
                 for token in map(str, found)]
        if marks and not before:
            marks[0] = True
        return tuple(marks)

    def closes(self, ids: Sequence[int]) -> bool:
        """Whether ``ids`` end with a mark that closes a sentence."""
        return self.text(ids).rstrip().endswith(CLOSING)

    def _is_half(self, ids: Sequence[int]) -> bool:
        return bool(ids) and str(self._tokenizer.decode(list(ids[-4:]))).endswith(_HALF)
