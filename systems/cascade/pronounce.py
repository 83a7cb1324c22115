"""How words are said, in the phones of an English acoustic model.

English words are said as the CMU dictionary of the pocketsphinx wheel has them; words it lacks, and
all words of other languages, as espeak-ng would say them (:mod:`.arpabet`).  A word may have
several pronunciations; one that is not spoken (a lone dash) has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from s2st_bench.errors import InputError, NotAligned, UsageError
from s2st_bench.speech import espeak
from s2st_bench.transcripts import base_code

from .arpabet import arpabet


class Pronunciations:
    """A dictionary of English, and espeak-ng beside it."""

    def __init__(self, dictionary: Path) -> None:
        """``dictionary``: lines ``word PH O N E S``, further ways to say a word ``word(2) …``."""
        self._known: dict[str, list[str]] = {}
        try:
            lines = dictionary.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{dictionary}: cannot be read as UTF-8 text ({error})") from None
        for line in lines:
            word, _, phones = line.partition(" ")
            self._known.setdefault(word.split("(", 1)[0], []).append(phones.strip())

    def of(self, words: Sequence[str], lang: str) -> list[tuple[str, ...]]:
        """Ways to say each word, phones separated by spaces.

        Raises
        ------
        NotAligned
            Nobody knows how to say words of ``lang``.
        """
        found = [self._listed(word) if base_code(lang) == "en" else () for word in words]
        unknown = [i for i, ways in enumerate(found) if not ways]
        try:
            said = espeak.phonemes([words[i] for i in unknown], espeak.voice_for(lang))
        except UsageError as error:
            raise NotAligned(f"words of {lang!r} cannot be pronounced: {error}") from None
        for i, phonemes in zip(unknown, said, strict=True):
            if phones := arpabet(phonemes):
                found[i] = (" ".join(phones),)
        return found

    def _listed(self, word: str) -> tuple[str, ...]:
        plain = word.lower().replace("’", "'")
        while plain and not plain[0].isalnum():
            plain = plain[1:]
        while plain and not plain[-1].isalnum():
            plain = plain[:-1]
        return tuple(self._known.get(plain, ()))
