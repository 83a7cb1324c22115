"""What a system may read before a talk: ``<talk>.txt`` in a folder of the user's.

Corpora come with papers and slides as PDF; their text is the user's to extract (``pdftotext``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from s2st_bench.corpora.finding import Finding, Place
from s2st_bench.errors import ConfigError
from s2st_bench.types import Context

LONGEST: Final = 1 << 22
"""Bytes; a paper has about 100 kB of text."""


def context_of(talk: str, folder: Path | None) -> Context:
    """The document of a talk; an empty context where there is none.

    Raises
    ------
    ConfigError
        ``folder`` is no folder.
    DamagedCorpus
        The document is no text in UTF-8.
    """
    if folder is None:
        return Context()
    if not folder.is_dir():
        raise ConfigError(f"dataset.documents={folder}: no such folder; it holds <talk>.txt")
    path = folder / f"{talk}.txt"
    if not path.is_file():
        return Context()
    try:
        with open(path, "rb") as file:
            data = file.read(LONGEST + 1)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Finding("not-utf8", Place(path), "not UTF-8", "extract the text again: pdftotext "
                      "-enc UTF-8 paper.pdf").damage() from None
    except OSError as error:
        raise Finding("unreadable-file", Place(path), f"cannot be read ({error.strerror})",
                      "make it a readable file").damage() from None
    if len(data) > LONGEST:
        raise Finding("not-text", Place(path), f"more than {LONGEST} bytes",
                      "give the text of one document").damage()
    return Context(documents=(text,)) if text.strip() else Context()
