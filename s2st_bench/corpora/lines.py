"""Lines of a UTF-8 text file, as corpora pair them: line *k* of one file with line *k* of another.

Only ``\\n`` and ``\\r\\n`` end a line.  U+2028, U+2029, U+0085, form feeds and lone carriage
returns are characters of it: a reader that splits there shifts every pair that follows.  A byte
order mark and CRLF are tolerated and remembered.  Files are streamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from s2st_bench.corpora.finding import Finding, Place

LONGEST: Final = 1 << 20
"""Bytes of a line; more is no text file."""
_BOM: Final = b"\xef\xbb\xbf"


class Lines(Iterator[str]):
    """Iterates over the lines without their ends; a last line needs none.

    Raises
    ------
    DamagedCorpus
        From the constructor where the file cannot be opened; while iterating where a line is not
        UTF-8 or longer than 1 MiB.  Names file and line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        """Of the line given last, from 1."""
        self._bom = False
        self._n_crlf = 0
        if path.exists() and not path.is_file():  # opening a pipe would wait for ever
            raise self._error("unreadable-file", "not a regular file", "give a text file",
                              whole=True)
        try:
            self._file = open(path, "rb", buffering=1 << 18)  # noqa: SIM115 - closed at the end
        except FileNotFoundError:
            raise self._error("missing-file", "no such file", "copy it from the corpus as it was "
                              "distributed, or correct dataset.path", whole=True) from None
        except OSError as error:
            raise self._error("unreadable-file", f"cannot be read ({error.strerror})",
                              "make it a readable file", whole=True) from None

    def __next__(self) -> str:
        if self._file.closed:
            raise StopIteration
        try:
            raw = self._file.readline(LONGEST + 1)
        except OSError as error:
            raise self._error("unreadable-file", f"cannot be read ({error.strerror})",
                              "copy the file again") from None
        if not raw:
            self._file.close()
            raise StopIteration
        self.number += 1
        if len(raw) > LONGEST:
            raise self._error("not-text", f"a line of more than {LONGEST} bytes",
                              "this is no text file of one sentence a line: copy it again")
        if self.number == 1 and raw.startswith(_BOM):
            self._bom = True
            raw = raw[3:]
        if raw.endswith(b"\n"):
            raw = raw[:-1]
            if raw.endswith(b"\r"):
                raw = raw[:-1]
                self._n_crlf += 1
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            looks = "UTF-16, " if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
            raise self._error("not-utf8", f"{looks}not UTF-8 (byte 0x{raw[error.start]:02x} at "
                              f"position {error.start + 1} of the line)",
                              "convert the file to UTF-8, line ends as they are") from None

    def notes(self) -> Iterator[Finding]:
        """What was tolerated so far."""
        if self._bom:
            yield Finding("byte-order-mark", Place(self.path, 1), "a byte order mark",
                          "nothing: it is dropped", "note")
        if self._n_crlf:
            yield Finding("crlf", Place(self.path), f"{self._n_crlf} lines end in CR LF",
                          "nothing: the CR is dropped", "note")

    def close(self) -> None:
        self._file.close()

    def _error(self, kind: str, problem: str, remedy: str, *, whole: bool = False) -> Exception:
        place = Place(self.path, None if whole else max(self.number, 1))
        return Finding(kind, place, problem, remedy).damage()
