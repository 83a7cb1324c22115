"""Sub-word pieces of the three languages, by sentencepiece (Kudo and Richardson 2018).

The first pieces are ``<pad>`` (which is also the blank of CTC), ``<unk>``, ``</s>`` and one tag a
target language, which a decoder is given as its first token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from s2st_bench.errors import ConfigError, DependencyError, InputError

from .shape import LANGS

BLANK: Final = 0
END: Final = 2
FIRST_TAG: Final = 3
WORD: Final = "▁"
"""Begins the first piece of a word."""
CLOSING: Final = (".", "?", "!")


class Pieces:
    """Text to pieces and back."""

    def __init__(self, model: Path) -> None:
        try:
            import sentencepiece
        except ImportError:
            raise DependencyError("sentencepiece", "the reference models", "reference") from None
        try:
            self._model: Any = sentencepiece.SentencePieceProcessor(model_file=str(model))
        except (OSError, RuntimeError) as error:
            raise InputError(f"{model}: not a sentencepiece model ({error})") from None
        self.count: int = self._model.get_piece_size()
        texts = [str(self._model.id_to_piece(i)) for i in range(self.count)]
        self._starts = [text.startswith(WORD) for text in texts]
        self._closes = [i == END or text.endswith(CLOSING) for i, text in enumerate(texts)]

    def encode(self, text: str) -> list[int]:
        return list(self._model.encode(text))

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ``ids``; tags and blanks say nothing."""
        return str(self._model.decode([int(i) for i in ids if i > END + len(LANGS)]))

    def starts_word(self, piece: int) -> bool:
        """Whether ``piece`` begins a word; the end of the sentence counts as one."""
        return piece == END or self._starts[piece]

    def closes_sentence(self, piece: int) -> bool:
        """Whether ``piece`` is the sentence's end, or the mark before it."""
        return self._closes[piece]


def tag(lang: str) -> int:
    """The piece that asks for ``lang``.

    Raises
    ------
    ConfigError
        Naming the languages there are.
    """
    base = lang.replace("_", "-").split("-")[0].lower()
    if base not in LANGS:
        raise ConfigError(f"target_lang={lang}: the reference models know {', '.join(LANGS)}")
    return FIRST_TAG + LANGS.index(base)


def train_pieces(lines: Iterable[str], out: Path, count: int, letters: str) -> None:
    """Byte-pair pieces of ``lines``, with each of ``letters`` among them."""
    import sentencepiece

    with out.open("wb") as writer:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), model_writer=writer, model_type="bpe",
            vocab_size=count, character_coverage=1.0, required_chars=letters,
            pad_id=BLANK, unk_id=1, eos_id=END, bos_id=-1,
            control_symbols=[f"<{lang}>" for lang in LANGS],
            shuffle_input_sentence=False, input_sentence_size=0, minloglevel=2,
        )
