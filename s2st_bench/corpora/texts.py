"""Checks of transcripts and references: small pure functions over a text and its language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from s2st_bench.corpora.finding import Finding
from s2st_bench.corpora.rows import Row
from s2st_bench.corpora.scripts import foreign, foreign_but_latin, is_latin, letters

_ODD: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufffd]")
_ENDS_LINES: Final = re.compile("[\x0a-\x0d\x1c-\x1e\x85\u2028\u2029]")
"""What some readers of text split lines at, and ours does not."""
_HARMFUL: Final = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f]")
_MIN_LETTERS: Final = 10
_FITTING: Final = 0.1
"""A line with less than this share of letters in the language's script is not in the language."""


def texts(row: Row) -> Iterator[Finding]:
    """All findings about the texts of a row."""
    if row.transcript:
        yield from _text(row, row.source_lang, row.transcript)
    elif row.source_lang in row.text_places:
        yield row.found("empty-transcript", f"segment {row.id} has no transcript",
                        "nothing, if nothing is said", "note",
                        place=row.text_place(row.source_lang))
    for lang, references in row.references.items():
        for reference in references:
            if not reference.strip():
                yield row.found("empty-reference", f"segment {row.id} has an empty reference "
                                f"({lang})", "restore the line, or leave the segment out",
                                place=row.text_place(lang))
                continue
            yield from _text(row, lang, reference)
            if equals_source(row, reference, lang):
                yield row.found("equals-source", f"the reference of segment {row.id} ({lang}) is "
                                "its transcript", "nothing, if it is a name or a sound", "note",
                                place=row.text_place(lang))


def equals_source(row: Row, reference: str, lang: str) -> bool:
    """Whether the reference says the transcript again; languages apart."""
    said = row.transcript
    return (len(said) == len(reference) > 0 and lang != row.source_lang
            and reference.casefold() == said.casefold())


def _text(row: Row, lang: str, text: str) -> Iterator[Finding]:
    if not (text.isascii() and text.isprintable()):
        if _ODD.search(text):
            yield from _characters(row, lang, text)
        if not unicodedata.is_normalized("NFC", text):
            yield row.found("not-nfc", f"text of segment {row.id} ({lang}) is not in Unicode "
                            "normal form C", "metrics compare code points: systems that write "
                            "NFC lose matches; normalise it if you may", "note",
                            place=row.text_place(lang))
    elif is_latin(lang):
        return
    yield from _script(row, lang, text)


def _characters(row: Row, lang: str, text: str) -> Iterator[Finding]:
    place = row.text_place(lang)
    if found := _HARMFUL.search(text):
        yield row.found("control-character", f"control character U+{ord(found[0]):04X} in the text "
                        f"of segment {row.id} ({lang})", "remove it", place=place)
    if found := _ENDS_LINES.search(text):
        yield row.found("line-separator", f"U+{ord(found[0]):04X} inside the text of segment "
                        f"{row.id} ({lang})", "nothing: lines are not split there; other tools "
                        "may, and pair every line after it wrongly", "note", place=place)
    for found in re.finditer("[\x80-\x84\x86-\x9f\ufffd]", text):
        yield row.found("broken-encoding", f"U+{ord(found[0]):04X} in the text of segment {row.id} "
                        f"({lang}): a character was lost in a conversion",
                        "restore the line from the corpus as it was distributed", "note",
                        place=place)
        break


def _script(row: Row, lang: str, text: str) -> Iterator[Finding]:
    if not (other := foreign(text, lang)):
        return
    total = letters(text)
    if total < _MIN_LETTERS or total - other >= _FITTING * total:
        return
    # names and quotations in Latin letters stand in texts of every language
    is_quoted = not foreign_but_latin(text, lang)
    yield row.found("wrong-script", f"{other} of {total} letters in the text of segment {row.id} "
                    f"are not in the script of {lang!r}",
                    "nothing, if it is a quotation" if is_quoted else
                    "see whether the line is in that language", "note" if is_quoted else "error",
                    place=row.text_place(lang))
