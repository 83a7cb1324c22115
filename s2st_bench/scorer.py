"""From pairs of trace and recording to a table: the work behind :func:`s2st_bench.scoring.score`.

Statistics of every item are computed once a metric; values per recording, the corpus' value, its
interval, its parts and its repeats are all read off them.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from s2st_bench import __version__, retime, stats
from s2st_bench.batch import Batch
from s2st_bench.items import RecordingEnd, items
from s2st_bench.metric import BatchStats, Floats, Item, LatencyUnit, Metric, Unscored
from s2st_bench.peers import Peer
from s2st_bench.resegment import Resegmenter, SoftSegmenter
from s2st_bench.sample import Joint, Sample
from s2st_bench.signature import Signature
from s2st_bench.sound import UNREADABLE
from s2st_bench.table import LeftOut, RecordingScores, ScoreTable
from s2st_bench.types import MetricSpec, Recording, Score, Trace
from s2st_bench.units import Tokenizer, split_units

ALL = "all"
"""The group of every item."""


@dataclass(frozen=True, slots=True)
class Options:
    """How traces are read before any metric sees them."""

    unit: LatencyUnit = "word"
    ca: retime.Rule | None = None
    """None: as the log has it."""
    logged_ca: str = "live"
    """What the log's own aware times mean, for signatures."""
    speed: float = 1.0
    stages: retime.Stages | None = None
    approximate: bool = False
    resegmenter: Resegmenter = field(default_factory=SoftSegmenter)
    recording_end: RecordingEnd = "audio"
    tokenizer: Tokenizer | None = None
    """SentencePiece pieces of a text, for unit ``spm``."""
    tokenizer_name: str = ""
    fingerprint: str = ""
    """Of the corpus, for signatures."""
    compat: Peer | None = None
    """Units, lengths and rules of another tool, where it differs (``metrics/README.md``)."""
    target_lang: str = ""
    """Wanted of every recording; empty: what the traces say."""
    folder: Path | None = None
    """What the paths of speech pieces are relative to: the run folder, or that of a log."""

    @property
    def retimes(self) -> bool:
        return self.ca is not None or self.speed != 1.0 or self.stages is not None


class Scorer:
    """Items of all pairs, and the table of all metrics over them."""

    def __init__(
        self, pairs: Sequence[tuple[Trace, Recording]], metrics: Sequence[Metric],
        options: Options,
    ) -> None:
        self.pairs = pairs
        self.metrics = [m.on_clock(options.ca or options.logged_ca) for m in metrics]
        if options.compat is not None:
            self.metrics = [metric.as_peer(options.compat) for metric in self.metrics]
        self.options = options
        self.retimed: dict[str, str] = {"ca": options.logged_ca}
        self.optimistic = False
        self.items: list[Item] = []
        self.owner: list[int] = []
        for index, (trace, recording) in enumerate(pairs):
            made = items(
                trace, recording, options.unit,
                live=self._live(trace),
                resegmenter=options.resegmenter,
                recording_end=options.recording_end,
                tokenizer=options.tokenizer,
                compat=options.compat,
                folder=options.folder,
            )
            self.items += made
            self.owner += [index] * len(made)
        self.batch = Batch(self.items)

    def table(self) -> ScoreTable:
        corpus: list[Score] = []
        repeats: dict[tuple[str, str], tuple[float | None, ...]] = {}
        values: list[dict[str, float | None]] = [{} for _ in self.pairs]
        reasons: list[dict[str, str]] = [{} for _ in self.pairs]
        left_out: dict[str, LeftOut] = {}
        for metric in self.metrics:
            found = self.item_stats(metric)
            for index, (value, reason) in enumerate(self._per_recording(metric, found)):
                values[index][metric.name] = value
                if reason:
                    reasons[index][metric.name] = reason
            for group, members in self._groups.items():
                corpus.append(self._corpus_score(metric, found, group, members))
                if self._n_repeats > 1:
                    repeats[metric.name, group] = self._by_repeat(metric, found, members)
            if (without := self._left_out(self.sample(metric, found))) is not None:
                left_out[metric.name] = without
        rows = [
            RecordingScores.of(trace, recording, values[i], reasons[i])
            for i, (trace, recording) in enumerate(self.pairs)
        ]
        return ScoreTable(tuple(rows), tuple(corpus), repeats, self.optimistic, self._clusters,
                          left_out)

    def _live(self, trace: Trace) -> Sequence[float] | None:
        if trace.error is not None or not self.options.retimes:
            return None
        retimed = retime.live_times(
            trace, self.options.ca or "live", self.options.speed, self.options.stages,
            self.options.approximate,
        )
        self.retimed.update(retimed.signature)
        self.optimistic |= retimed.optimistic
        if self.options.compat == "omnisteval" and self.options.ca == "fbk":
            # OmniSTEval lets no unit be ready before the one ahead of it.
            return tuple(itertools.accumulate(retimed.times, max))
        return retimed.times

    def item_stats(self, metric: Metric) -> BatchStats:
        """Sufficient statistics of each of ``items``."""
        metric.prepare(self.batch)
        return _with_failures(metric.stats_batch(self.batch), self.items)

    def _per_recording(
        self, metric: Metric, found: BatchStats
    ) -> Iterable[tuple[float | None, str]]:
        of_pair: list[list[int]] = [[] for _ in self.pairs]
        for number, index in enumerate(self.owner):
            of_pair[index].append(number)
        scored = found.scored.tolist()
        groups = [[found.rows[i] for i in numbers if scored[i]] for numbers in of_pair]
        values = iter(_values(metric, [rows for rows in groups if rows]))
        for rows, numbers in zip(groups, of_pair, strict=True):
            if rows:
                value = next(values)
                yield _finite(value), "" if math.isfinite(value) else "undefined"
            else:
                yield None, _common_reason([found[i] for i in numbers])

    def _corpus_score(
        self, metric: Metric, found: BatchStats, group: str,
        members: npt.NDArray[np.intp],
    ) -> Score:
        sample = self.sample(metric, found, members)
        value: float | None = None
        interval: stats.Interval | None = None
        n_clusters = 0
        if len(sample):
            joint = Joint([sample])
            n_clusters = joint.n_clusters
            value = _finite(joint.estimates[0])
            if value is not None:
                interval = joint.interval(lambda values: values[0])
            if interval is None and n_clusters == 1 and value is not None:
                own = metric.within_talk([self.items[i] for i in members.tolist()])
                interval = own and stats.Interval(*own, "own; conditional on this talk")
        reason = "" if value is not None else _common_reason(found[i] for i in members.tolist())
        own_items = [self.items[i] for i in members.tolist()]
        return Score(
            metric=metric.name,
            value=value,
            unit=self._unit(metric, members),
            ci95=_within_range(metric.spec, interval.bounds) if interval else None,
            n_scored=len(sample),
            n_total=len(members),
            n_clusters=n_clusters,
            coverage=self._coverage(members),
            signature=self.signature(metric, interval, group).verbose(),
            higher_is_better=metric.spec.higher_is_better,
            reason=reason,
            group=group,
            unranked=_lost_speech(found, members) or metric.unranked(own_items),
            marks=metric.marks(own_items),
        )

    def _left_out(self, sample: Sample) -> LeftOut | None:
        """None where the metric is no function of sums, or is undefined without some cluster."""
        if not len(sample) or not stats.smooth(sample.metric):
            return None
        joint = Joint([sample])
        without = joint.without_each()[:, 0].tolist()
        if joint.n_clusters < 2 or not all(map(math.isfinite, without)):
            return None
        scored = dict.fromkeys(sample.clusters)  # in the joint's order
        known = dict(zip(scored, zip(joint.sizes.tolist(), without, strict=True), strict=True))
        absent = (0.0, float(joint.estimates[0]))
        rows = [known.get(cluster, absent) for cluster in self._clusters]
        return LeftOut(tuple(int(n) for n, _ in rows), tuple(value for _, value in rows))

    def _unit(self, metric: Metric, members: npt.NDArray[np.intp]) -> str:
        """The metric's, save that delays of text without times are in tokens."""
        unit = metric.spec.unit
        in_tokens = all(self.items[i].source_unit == "tokens" for i in members.tolist())
        return "tokens" if unit == "ms" and in_tokens and len(members) else unit

    def sample(
        self, metric: Metric, found: BatchStats | None = None,
        members: npt.NDArray[np.intp] | None = None,
    ) -> Sample:
        """The items that have a value (among ``members``), with what they are resampled by."""
        known = self.item_stats(metric) if found is None else found
        scored = np.flatnonzero(known.scored)
        if members is not None:
            scored = scored[np.isin(scored, members)]
        return Sample(
            metric,
            known.rows[scored],
            tuple(self.items[i].cluster for i in scored.tolist()),
            self._segments[scored],
        )

    def _by_repeat(
        self, metric: Metric, found: BatchStats,
        members: npt.NDArray[np.intp],
    ) -> tuple[float | None, ...]:
        values = []
        for repeat in range(self._n_repeats):
            rows = [row for i in members.tolist()
                    if self.items[i].trace.repeat == repeat
                    and not isinstance(row := found[i], Unscored)]
            values.append(_finite(_value(metric, rows)) if rows else None)
        return tuple(values)

    def signature(
        self, metric: Metric, interval: stats.Interval | None = None, group: str = ALL
    ) -> Signature:
        """Everything that made a number of ``metric``, once its items have been seen."""
        options = self.options
        timed = bool(metric.spec.variants)
        aware = metric.aware or "compute" in metric.spec.needs
        common = {
            "unit": options.unit if timed else "",
            "spm": options.tokenizer_name if timed and options.unit == "spm" else "",
            "compat": options.compat or "",
            "clock": "+".join(sorted({trace.clock for trace, _ in self.pairs})),
            **(self.retimed if aware else {}),
            "optimistic": "yes" if aware and self.optimistic else "",
        }
        if any(recording.long_form for _, recording in self.pairs):
            common |= options.resegmenter.signature()
            end = "segments" if options.compat == "omnisteval" else options.recording_end
            common["recording_end"] = end if timed else ""
        return Signature.of(
            {"metric": metric.name},
            metric.signature(),
            common,
            {
                "corpus": options.fingerprint,
                "lang": "+".join(sorted({trace.target_lang for trace, _ in self.pairs})),
                "repeats": str(self._n_repeats) if self._n_repeats > 1 else "",
                "group": group if group != ALL else "",
                "interval": interval.method if interval else "none",
                "seed": str(interval.seed) if interval and interval.seed is not None else "",
                "s2st_bench": __version__,
            },
        )

    @cached_property
    def _groups(self) -> dict[str, npt.NDArray[np.intp]]:
        """Names of parts of the corpus to item numbers: all of it, and each declared origin."""
        origins = [item.segment.origin for item in self.items]
        groups = {ALL: np.arange(len(origins))}
        for name in sorted(set(origins) - {"", ALL}):
            groups[name] = np.array([i for i, o in enumerate(origins) if o == name])
        return groups

    @cached_property
    def _clusters(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.cluster for item in self.items))

    @cached_property
    def _segments(self) -> npt.NDArray[np.intp]:
        """Each item's segment, numbered in corpus order; repeats and languages share one."""
        segments, _ = stats.codes([(item.recording.id, item.segment.id) for item in self.items])
        return segments

    @cached_property
    def _n_repeats(self) -> int:
        return 1 + max(trace.repeat for trace, _ in self.pairs)

    @cached_property
    def _lengths(self) -> npt.NDArray[np.int64]:
        """Units said and reference units of each item, ``int64[n, 2]``; no reference: 0."""
        unit, tokenizer = self.options.unit, self.options.tokenizer
        return np.array([
            (len(i.units), len(split_units(i.references[0], unit, tokenizer)))
            if i.references else (0, 0)
            for i in self.items
        ], dtype=np.int64).reshape(-1, 2)

    def _coverage(self, members: npt.NDArray[np.intp]) -> float | None:
        lengths = self._lengths[members]
        wanted = int(lengths[:, 1].sum())
        return float(lengths.min(axis=1).sum() / wanted) if wanted else None


def _with_failures(found: BatchStats, items: Sequence[Item]) -> BatchStats:
    """A recording that failed has no value because it failed."""
    missing = {
        i: reason if (error := items[i].trace.error) is None
        else Unscored(f"{error.kind}: {error.message}")
        for i, reason in found.missing.items()
    }
    return BatchStats(found.rows, missing)


def _values(metric: Metric, groups: Sequence[Sequence[Floats]]) -> list[float]:
    """The score of each group of items, none of them empty."""
    if not stats.smooth(metric):
        return [_value(metric, rows) for rows in groups]
    if not groups:
        return []
    sums = np.stack([rows[0] if len(rows) == 1 else np.sum(rows, axis=0) for rows in groups])
    values: list[float] = metric.value(sums).tolist()
    return values


def _value(metric: Metric, rows: Sequence[Floats]) -> float:
    return float(metric.aggregate(np.stack(rows), np.ones((1, len(rows))))[0])


def _lost_speech(found: BatchStats, members: npt.NDArray[np.intp]) -> str:
    """A mean over what is left of a damaged run must not rank it."""
    lost = sum(found.missing[i].reason.startswith(UNREADABLE) for i in members.tolist()
               if i in found.missing)
    return f"{UNREADABLE} of {lost} of {len(members)}" if lost else ""


def _common_reason(rows: Iterable[Floats | Unscored]) -> str:
    counted = Counter(row.reason for row in rows if isinstance(row, Unscored))
    return counted.most_common(1)[0][0] if counted else "undefined"


def _within_range(spec: MetricSpec, bounds: tuple[float, float]) -> tuple[float, float]:
    """An interval cut to what the metric can be: no percentage below 0, no merit above 100."""
    if spec.unit != "%":
        return bounds
    top = 100.0 if spec.higher_is_better else math.inf
    return max(0.0, bounds[0]), min(top, bounds[1])


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

