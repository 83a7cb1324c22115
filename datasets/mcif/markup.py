"""The references of MCIF: XML with a ``<sample task="TRANS">`` for each talk.

::

    <testset><task track="long" text_lang="de">
      <sample id="3" iid="TRANS_1" task="TRANS"><audio_path>AbCdEfGhIj.wav</audio_path>
        <reference>line per sentence</reference>
        <metadata><transcript>line per sentence</transcript></metadata></sample>

Read in one pass; a document type, with which entities could be defined, is refused.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

from s2st_bench.corpora import Finding, Place

_REMEDY: Final = "copy the file from the corpus as it was distributed"
_TEXTS: Final = frozenset({"audio_path", "reference", "transcript"})


@dataclass(slots=True)
class Talk:
    """A talk's sentences, each with its line of the file."""

    line: int
    audio: str = ""
    references: list[tuple[str, int]] = field(default_factory=list)
    transcripts: list[tuple[str, int]] = field(default_factory=list)


def talks(path: Path) -> list[Talk]:
    """The talks of a ``.ref.xml`` or ``.ref.xml.gz``, in its order.

    Raises
    ------
    DamagedCorpus
        The file is missing, cut short, no XML, or has no translation.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError:
        raise Finding("missing-file", Place(path), "no such file", _REMEDY).damage() from None
    except (OSError, EOFError, zlib.error) as error:
        raise Finding("unreadable-file", Place(path), f"cannot be read ({error})",
                      _REMEDY).damage() from None
    reader = _Reader(path)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Finding("not-xml", Place(path, error.lineno), f"not XML ({error})",
                      _REMEDY).damage() from None
    if not reader.talks:
        raise Finding("no-segments", Place(path), 'no <sample task="TRANS"> in it',
                      "the file of a language that English is translated into has them").damage()
    return reader.talks


class _Reader:
    def __init__(self, path: Path) -> None:
        self.talks: list[Talk] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.buffer_text = True
        self._path = path
        self._talk: Talk | None = None
        self._parts: list[str] = []
        self._line = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sample" and attributes.get("task") == "TRANS":
            self._talk = Talk(self.parser.CurrentLineNumber)
        self._parts = []
        self._line = self.parser.CurrentLineNumber

    def _text(self, text: str) -> None:
        self._parts.append(text)

    def _end(self, name: str) -> None:
        talk = self._talk
        if talk is None:
            return
        if name == "sample":
            self.talks.append(talk)
            self._talk = None
        elif name in _TEXTS:
            text = "".join(self._parts)
            if name == "audio_path":
                talk.audio = text.strip()
                return
            lines = text.split("\n")
            while lines and not lines[-1].strip():
                lines.pop()
            sentences = [(line.strip(), self._line + k) for k, line in enumerate(lines)]
            if name == "reference":
                talk.references = sentences
            else:
                talk.transcripts = sentences
        self._parts = []

    def _doctype(self, *_: object) -> None:
        raise Finding("not-xml", Place(self._path, self.parser.CurrentLineNumber),
                      "a document type declaration", _REMEDY).damage()
