"""The check of a corpus that is known only by its recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from s2st_bench.corpora.examine import examine
from s2st_bench.corpora.finding import Finding, Place
from s2st_bench.corpora.headers import Headers
from s2st_bench.corpora.rows import Row, rows_of
from s2st_bench.errors import ConfigError, CorpusError, DamagedCorpus
from s2st_bench.types import Recording

if TYPE_CHECKING:
    from s2st_bench.corpus import Corpus


def check_recordings(corpus: Corpus) -> Iterator[Finding]:
    """Findings about a corpus' recordings; reading ends at the first one it refuses."""
    return findings((recording, None) for recording in _read(corpus))


def findings(
    recordings: Iterable[tuple[Recording | Finding, Place | None]],
) -> Iterator[Finding]:
    """Findings about recordings, each with the place that names it (none: its audio).

    A finding among them stands where a recording could not be read, and is passed on.
    """
    examined = examine(_rows(recordings), Headers(), is_long=True)
    said: set[tuple[str, str]] = set()
    for found in examined:
        if isinstance(found, Finding) and (key := (found.kind, found.problem)) not in said:
            said.add(key)
            yield found


def _rows(
    recordings: Iterable[tuple[Recording | Finding, Place | None]],
) -> Iterator[Row | Finding]:
    seen: set[str] = set()
    for recording, place in recordings:
        if isinstance(recording, Finding):
            yield recording
            continue
        if recording.id in seen:
            yield Finding("duplicate-id", place, f"two recordings have the id {recording.id!r}",
                          "give every recording its own id", recording=recording.id)
            continue
        seen.add(recording.id)
        if not recording.segments:
            yield Finding("no-segments", place, f"recording {recording.id!r} has no segment",
                          "give it a reference", "note", recording.id)
        yield from rows_of(recording, place)
    if not seen:
        yield Finding("no-segments", None, "no recording with these options",
                      "`s2st-bench show NAME` lists splits and languages")


def _read(corpus: Corpus) -> Iterator[Recording | Finding]:
    try:
        yield from corpus.recordings()
    except ConfigError:
        raise
    except DamagedCorpus as error:
        yield error.finding
    except CorpusError as error:
        yield Finding("damaged", None, str(error), "reading ends here: mend it and check again")
