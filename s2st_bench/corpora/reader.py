"""From rows to recordings: what every reader of a corpus on disk is made of.

A reader yields rows (and findings where it cannot make one) in the corpus' order; choosing,
ordering, checking, leaving out and assembling happen here, in one pass that streams.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, ClassVar

from s2st_bench.corpora.examine import examine
from s2st_bench.corpora.finding import Finding
from s2st_bench.corpora.headers import Headers
from s2st_bench.corpora.rows import Row, long_form, short_form, text_form
from s2st_bench.corpora.selection import Selection
from s2st_bench.corpora.silence import stripped
from s2st_bench.corpus import Corpus
from s2st_bench.errors import AudioError, ConfigError, DamagedCorpus
from s2st_bench.types import Recording


class FileCorpus(Corpus):
    """A corpus that is read from files as they lie on disk.

    A subclass gives :meth:`rows` and :meth:`card`; its constructor takes ``selection: Selection``
    beside its own options.
    """

    name: ClassVar[str]
    """As users type it, for messages."""
    licence: str = ""
    text_norm: str = "cased"
    """How references are written, ``cased`` or ``lower``; may hang on an option."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection

    @abstractmethod
    def rows(self) -> Iterator[Row | Finding]:
        """Segments in the corpus' own order, those of a talk together.

        ``Row.recording`` is ``selection.recording_of(segment, talk)``.  A finding stands where no
        row can be made; with its ``recording`` it costs that one, without it the corpus.

        Raises
        ------
        DamagedCorpus
            Where nothing that follows can be trusted (a missing list, two files that cannot be
            paired).
        ConfigError
            Where the selection asks for what the corpus does not have.
        """

    @property
    def notice(self) -> str:
        """What the selection did to the audio, for the card."""
        return "silence stripped" if self.selection.strip_silence else ""

    def recordings(self) -> Iterator[Recording]:
        headers = Headers()
        damaged: dict[str, Finding] = {}
        kept = self._kept(headers, damaged)
        for recording, batch in groupby(kept, key=lambda row: row.recording):
            rows = list(batch)
            if recording not in damaged:
                yield self._assembled(rows, headers)

    def check(self) -> Iterator[Finding]:
        said: set[tuple[str, str]] = set()
        is_empty = True
        try:
            for found in self._examined(Headers()):
                is_empty = False
                if isinstance(found, Row):
                    continue
                # damage of one file is told once, not for each of its segments
                if (key := (found.kind, found.problem)) not in said:
                    said.add(key)
                    yield found
        except DamagedCorpus as error:
            yield error.finding
        else:
            if is_empty:
                yield Finding("no-segments", None, f"{self.name} has no segment with these options",
                              "see its card for splits and languages")

    def fairseq_key(self, row: Row) -> Any:
        """What fairseq's preparation of the corpus sorts the segments of a talk by."""
        return row.written_offset

    def left_out(self) -> Mapping[str, Finding]:
        damaged: dict[str, Finding] = {}
        if self.selection.skip_damaged:
            for _ in self._kept(Headers(), damaged):
                pass
        return damaged

    # --- stages ------------------------------------------------------------------------------

    def _kept(self, headers: Headers, damaged: dict[str, Finding]) -> Iterator[Row]:
        """Rows; ``damaged`` gains the recordings to leave out before their last row is asked for.

        Raises
        ------
        DamagedCorpus
            At the first damage that may not be left out.
        """
        for found in self._examined(headers):
            if isinstance(found, Row):
                yield found
            elif found.is_error and found.recording and self.selection.skip_damaged:
                damaged.setdefault(found.recording, found)
            elif found.is_error:
                raise DamagedCorpus(found, self._hint(found))

    def _examined(self, headers: Headers) -> Iterator[Row | Finding]:
        rows: Iterable[Row | Finding] = self.rows()
        if self.selection.order == "fairseq":
            rows = fairseq_order(rows, self.fairseq_key)
        return examine(chosen(rows, self.selection), headers, is_long=self.selection.is_long)

    def _assembled(self, rows: list[Row], headers: Headers) -> Recording:
        row = rows[0]
        common = {"licence": self.licence, "text_norm": self.text_norm}
        if row.audio is None:
            return text_form(row, **common)
        header = headers[row.audio]
        if isinstance(header, AudioError):  # damage since it was examined
            raise header
        if self.selection.is_long:
            return long_form(rows, header.sample_rate_hz, **common)
        if self.selection.strip_silence:
            row = stripped(row)
        rest_s = (header.duration_s or 0.0) - row.offset_s
        length_s = rest_s if row.duration_s is None else row.duration_s
        return short_form(row, header.sample_rate_hz, length_s, **common)

    def _hint(self, found: Finding) -> str:
        skip = "; dataset.skip_damaged=true leaves damaged recordings out, counted on the record"
        return (f"`s2st-bench check {self.name} …` with the same dataset.* options lists all there "
                f"is{skip if found.recording else ''}")


def chosen(rows: Iterable[Row | Finding], selection: Selection) -> Iterator[Row | Finding]:
    """Rows of the recordings that are asked for, and what was found about them or the corpus.

    The whole list is read in any case: a line missing further down shifts the pairs above it.

    Raises
    ------
    ConfigError
        At the end, naming ids that the corpus does not have.
    """
    if selection.ids is None and selection.limit is None:
        yield from rows
        return
    wanted = None if selection.ids is None else frozenset(selection.ids)
    missing = set(wanted or ())
    taken = 0
    now, is_taken, example = "", False, ""
    for row in rows:
        if isinstance(row, Row) or row.recording:
            if row.recording != now:
                now = row.recording
                example = example or now
                missing.discard(now)
                is_taken = ((wanted is None or now in wanted)
                            and (selection.limit is None or taken < selection.limit))
                taken += is_taken
            if not is_taken:
                continue
        yield row
    if missing:
        shown = ", ".join(sorted(missing)[:5])
        raise ConfigError(f"dataset.ids: there is no {shown}"
                          + (f"; ids look like {example}" if example else ""))


def fairseq_order(
    rows: Iterable[Row | Finding], key: Callable[[Row], Any]
) -> Iterator[Row | Finding]:
    """Segments of each talk sorted, as fairseq's preparation scripts leave them.

    Findings come before the talk they were found in.
    """
    batch: list[Row] = []
    for row in rows:
        if isinstance(row, Finding):
            yield row
            continue
        if batch and row.audio != batch[0].audio:
            yield from sorted(batch, key=key)
            batch = []
        batch.append(row)
    yield from sorted(batch, key=key)
