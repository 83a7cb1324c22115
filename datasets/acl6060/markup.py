"""The XML of ACL 60/60: ``<doc docid="TALK">`` with ``<seg id="N">sentence</seg>``.

Read by its tags and not by an XML parser, because the files are not well-formed: ``&`` stands for
itself in many sentences.  The five entities of XML are resolved, nothing else is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from s2st_bench.corpora import Finding, Lines, Place

_OPEN: Final = re.compile(r"<doc\b[^>]*\bdocid=[\"'](?P<talk>[^\"']*)[\"'][^>]*>"
                          r"|<seg\b[^>]*\bid=[\"'](?P<seg>[^\"']*)[\"'][^>]*>")
_ENTITY: Final = re.compile("&(amp|lt|gt|quot|apos);")
_CHARACTERS: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


@dataclass(frozen=True, slots=True)
class Seg:
    """One sentence."""

    line: int
    talk: str
    text: str


def segs(path: Path) -> Iterator[Seg | Finding]:
    """The sentences of a file in order, a finding for one without its end.

    Raises
    ------
    DamagedCorpus
        The file is missing, no UTF-8, or has no sentence.
    """
    lines = Lines(path)
    talk, started, parts = "", 0, [""]
    count = 0
    for line in lines:
        at = 0
        while True:
            if started:
                end = line.find("</seg>", at)
                again = _OPEN.search(line, at)
                if end < 0 and again is None:
                    parts.append(line[at:])
                    break
                if end < 0 or (again is not None and again.start() < end):
                    yield _unclosed(path, started)
                    started, count = 0, count + 1
                    continue
                yield Seg(started, talk, _text(" ".join([*parts, line[at:end]])))
                started, count, at = 0, count + 1, end + len("</seg>")
            elif match := _OPEN.search(line, at):
                at = match.end()
                if match["talk"] is not None:
                    talk = match["talk"]
                    if not talk or "/" in talk or "\\" in talk or talk in (".", ".."):
                        raise Finding("bad-path", Place(path, lines.number), f"docid {talk!r} is "
                                      "no name of a talk", "restore the file").damage()
                else:
                    started, parts = lines.number, []
            else:
                break
    if started:
        yield _unclosed(path, started)
        count += 1
    if not count:
        raise Finding("no-segments", Place(path), "no <seg> in it", "copy it again").damage()
    yield from lines.notes()


def _unclosed(path: Path, line: int) -> Finding:
    return Finding("bad-entry", Place(path, line), "a <seg> without </seg>",
                   "restore the line: sentences after it would be paired wrongly")


def _text(marked: str) -> str:
    plain = _ENTITY.sub(lambda match: _CHARACTERS[match[1]], marked)
    return re.sub(r"[ \t]+", " ", plain).strip(" \t")
