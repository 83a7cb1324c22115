"""What readers of corpora on disk share; how to write one: ``datasets/README.md``.

===========================  ====================================================================
:class:`FileCorpus`          base of a reader: gives rows, gets recordings, checks and options
:class:`Selection`           options every reader has: split, languages, ids, form, order, …
:class:`Row`                 one segment as the files give it, and where
:class:`Lines`               lines of a text file, ended by ``\\n`` and ``\\r\\n`` only
:func:`list_rows`            rows of a MuST-C segment list and the texts beside it
:class:`Finding`             what a check found, with file and line; raised by ``.damage()``
:func:`findings`             all common checks over recordings, for corpora without rows
===========================  ====================================================================
"""

from s2st_bench.corpora.finding import Finding, Place
from s2st_bench.corpora.generic import findings
from s2st_bench.corpora.lines import Lines
from s2st_bench.corpora.reader import FileCorpus
from s2st_bench.corpora.rows import Row
from s2st_bench.corpora.segmentlist import Entry, entries, list_rows
from s2st_bench.corpora.selection import Selection

__all__ = [
    "Entry", "FileCorpus", "Finding", "Lines", "Place", "Row", "Selection", "entries", "findings",
    "list_rows",
]
