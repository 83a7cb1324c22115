"""What a pipeline's recogniser heard, against the transcript.

*StageWER*: word error rate (jiwer) of the text that the inner stage ``stage`` wrote, as it stood
in the end, against ``Segment.transcript``; both in lower case, without punctuation, hyphenated
words split.  A long recording is aligned as a whole and its edits are counted in the segment of
the reference word they touch, so that no resegmentation stands between stage and number; inserted
words count in the segment of the reference word after them.

Statistics of an item, ``float64[2]``: edits, transcript words.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import accumulate

import numpy as np

from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.stages import stage_text
from s2st_bench.types import MetricSpec, Trace

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


class StageWER(Metric):
    """Word error rate of one inner stage.

    Parameters
    ----------
    stage
        Its name in the pipeline.
    """

    spec = MetricSpec(
        "StageWER", "%", False, frozenset({"transcript"}), source="jiwer"
    )

    def __init__(self, *, aware: bool = False, stage: str = "asr") -> None:
        super().__init__(aware=aware)
        self.stage = stage
        self._counted: tuple[Trace, list[tuple[int, int]]] | None = None

    def stats(self, item: Item) -> Floats | Unscored:
        if not item.segment.transcript:
            return Unscored("no transcript")
        if not item.failed and not _has_stage(item.trace, self.stage):
            return Unscored(f"no stage {self.stage!r} in the trace")
        counts = self._counts(item)
        return np.array(counts[item.recording.segments.index(item.segment)], np.float64)

    def _counts(self, item: Item) -> list[tuple[int, int]]:
        """Counts of all segments; the items of a recording come one after another."""
        if self._counted is None or self._counted[0] is not item.trace:
            heard = "" if item.failed else stage_text(item.trace, self.stage)
            transcripts = [words(segment.transcript) for segment in item.recording.segments]
            self._counted = item.trace, edits_by_segment(words(heard), transcripts)
        return self._counted[1]

    def value(self, totals: Floats) -> Floats:
        totals = np.asarray(totals, dtype=np.float64)
        length = totals[..., 1]
        return np.asarray(
            np.where(length > 0, 100.0 * totals[..., 0] / np.maximum(length, 1.0), np.nan)
        )

    def signature(self) -> Mapping[str, str]:
        return {"stage": self.stage, "case": "lc", "punct": "no", "jiwer": version("jiwer")}


def words(text: str) -> list[str]:
    """Lower case, punctuation out.

    >>> words("He's ill-disposed, Mr. Lee!")
    ["he's", 'ill', 'disposed', 'mr', 'lee']
    """
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower().replace("’", "'"))


def edits_by_segment(
    heard: Sequence[str], transcripts: Sequence[Sequence[str]]
) -> list[tuple[int, int]]:
    """(edits, transcript words) of each segment of a recording heard as a whole.

    >>> edits_by_segment(["a", "x", "c"], [["a", "b"], ["c", "d"]])
    [(1, 2), (1, 2)]
    """
    lengths = [len(transcript) for transcript in transcripts]
    total = sum(lengths)
    edits = [0] * len(lengths)
    if not total:
        return [(0, 0)] * len(lengths)
    ends = list(accumulate(lengths))
    if not heard:
        return [(length, length) for length in lengths]
    import jiwer

    reference = [word for transcript in transcripts for word in transcript]
    found = jiwer.process_words(" ".join(reference), " ".join(heard))
    for chunk in found.alignments[0]:
        if chunk.type == "equal":
            continue
        if chunk.type == "insert":
            at = min(chunk.ref_start_idx, total - 1)
            edits[bisect_right(ends, at)] += chunk.hyp_end_idx - chunk.hyp_start_idx
            continue
        for at in range(chunk.ref_start_idx, chunk.ref_end_idx):
            edits[bisect_right(ends, at)] += 1
    return list(zip(edits, lengths, strict=True))


def _has_stage(trace: Trace, stage: str) -> bool:
    return any(job.stage == stage for step in trace.steps for job in step.jobs)
