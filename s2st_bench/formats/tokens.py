"""Tokens of a streaming system as text, without the model they come from.

How tokens join (simulstream's ``detokenizer_type: simuleval`` has the first three, by the same
names):

``word``
    with single spaces.
``char``
    as they are.
``spm``
    SentencePiece: ``▁`` is a space, ``<0xE4>`` a byte; no white space before and after.
``bytes``
    the byte-level alphabet of GPT-2 (Whisper, Qwen, Phi): ``Ġ`` is a space.

A character whose bytes come in several tokens is shown with the last of them, a space of its own
with what follows it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from s2st_bench.units import META

Joining = Literal["word", "char", "spm", "bytes"]
JOININGS: tuple[Joining, ...] = get_args(Joining)

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def guess(tokens: Iterable[str]) -> tuple[Joining, bool]:
    """How tokens join, and whether a mark in them says so (else it is a guess)."""
    longest, spaced = 0, False
    for token in tokens:
        if META in token:
            return "spm", True
        if "Ġ" in token:
            return "bytes", True
        longest = max(longest, len(token))
        spaced = spaced or any(map(str.isspace, token))
    if spaced:
        return "char", True
    return ("word" if longest > 1 else "char"), False


class TokenStack:
    """The tokens that stand, and the text they make; tokens come and go at the end.

    Each call takes time in its own tokens only, whatever stands before them.
    """

    def __init__(self, joining: Joining) -> None:
        self._joining = joining
        self._tokens: list[str] = []
        self._shown: list[int] = []
        self._pending: list[bytes] = []
        self._length = 0
        self._of_char = _byte_alphabet() if joining == "bytes" else {}

    def take_back(self, tokens: Sequence[str]) -> int:
        """Drop the last tokens, which must be these; how many characters that takes back.

        Raises
        ------
        ValueError
            Others stand there.
        """
        keep = len(self._tokens) - len(tokens)
        if keep < 0 or self._tokens[keep:] != list(tokens):
            raise ValueError("deleted tokens are not the last ones")
        characters = sum(self._shown[keep:])
        del self._tokens[keep:], self._shown[keep:], self._pending[keep:]
        self._length -= characters
        return characters

    def add(self, tokens: Sequence[str]) -> str:
        """Append tokens; the text they add."""
        parts = []
        for token in tokens:
            text, pending = self._text(token)
            self._tokens.append(token)
            self._shown.append(len(text))
            self._pending.append(pending)
            self._length += len(text)
            parts.append(text)
        return "".join(parts)

    def _text(self, token: str) -> tuple[str, bytes]:
        if self._joining == "word":
            return (f" {token}" if self._tokens else token), b""
        if self._joining == "char":
            return token, b""
        before = self._pending[-1] if self._pending else b""
        if self._joining == "bytes":
            raw = b"".join(self._of_char.get(char) or char.encode() for char in token)
            return _decode(before + raw)
        if byte := _BYTE.fullmatch(token):
            return _decode(before + bytes.fromhex(byte[1]))
        text = before.decode("utf-8", "replace") + token.replace(META, " ")
        if self._length == 0:
            text = text.lstrip()
        shown = text.rstrip()
        return shown, text[len(shown):].encode()


def _decode(raw: bytes) -> tuple[str, bytes]:
    """The characters that are whole, and the bytes of one that is not."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(raw)
    return text, decoder.getstate()[0]


def _byte_alphabet() -> Mapping[str, bytes]:
    """GPT-2's characters for bytes: printable Latin-1 for itself, the others from U+0100 on."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in plain]
    alphabet = {chr(byte): bytes([byte]) for byte in plain}
    return alphabet | {chr(0x100 + i): bytes([byte]) for i, byte in enumerate(others)}
