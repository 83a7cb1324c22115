"""Scores of traces against references: per recording, and of the corpus with intervals.

Everything is a pure function of traces and recordings and does not depend on the order in which
traces were written: items stand in corpus order, then by target language and repeat.

*Counts* are of items (short form: recordings; long form: segments), over all repeats.
``n_total`` holds every item the corpus asks for, answered or not; ``coverage`` is
Σ min(units, reference units) / Σ reference units over all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from s2st_bench.errors import InputError, TraceError, UsageError
from s2st_bench.items import lost_trace
from s2st_bench.metric import Metric
from s2st_bench.penalty import SUFFIX, Penalised
from s2st_bench.registry import Registry
from s2st_bench.scorer import ALL, Options, Scorer
from s2st_bench.store import RunFolder, write_atomically
from s2st_bench.table import ScoreTable
from s2st_bench.types import Recording, Trace

DEFAULT_METRICS = (
    "BLEU", "chrF", "AL", "LAAL", "DAL", "AP", "StartOffset", "EndOffset", "RTF",
    "AL_CA", "LAAL_CA", "DAL_CA", "AP_CA", "StartOffset_CA", "EndOffset_CA",
    "AL_pen", "LAAL_pen", "DAL_pen", "AP_pen", "StartOffset_pen",
    "AL_CA_pen", "LAAL_CA_pen", "DAL_CA_pen", "AP_CA_pen", "StartOffset_CA_pen",
)
"""What is computed when nothing is named."""

LONG_FORM_METRICS = ("LongYAAL", "LongYAAL_CA", "LongYAAL_pen", "LongYAAL_CA_pen", "Misaligned")
"""What long recordings get besides."""

SPEECH_METRICS = ("SpeechStartOffset", "SpeechStartOffset_CA", "SpeechEndOffset",
                  "SpeechEndOffset_CA")
"""What spoken output gets besides."""

_AWARE = "_CA"


def make_metrics(
    names: Sequence[Metric | str] = DEFAULT_METRICS, registry: Registry | None = None
) -> tuple[Metric, ...]:
    """Metrics by name: ``AL``, ``AL_CA`` (computation-aware), ``AL_pen`` (silence costs).

    What is a metric already is passed on.

    Raises
    ------
    UnknownPluginError
        Naming the nearest.
    UsageError
        A variant the metric does not have, or a name given twice.
    """
    found = registry or Registry()
    made = tuple(_make_metric(m, found) if isinstance(m, str) else m for m in names)
    if twice := [name for name, n in Counter(m.name for m in made).items() if n > 1]:
        raise UsageError(f"metric {twice[0]!r} is asked for twice")
    return made


def score(
    traces: Iterable[Trace],
    recordings: Iterable[Recording],
    metrics: Sequence[Metric | str] | None = None,
    options: Options | None = None,
    *,
    registry: Registry | None = None,
) -> ScoreTable:
    """Score traces.

    Parameters
    ----------
    traces
        In any order.
    recordings
        The whole corpus, in its order; one without a trace is scored as lost.
    metrics
        By name or made already; none: :func:`default_metrics`.
    registry
        Where names are looked up.

    Raises
    ------
    TraceError
        Two traces of one recording, language and repeat, or a trace of an unknown recording.
    NotComparable
        The options ask for a re-timing that a trace does not allow.
    """
    return scorer(traces, recordings, metrics, options, registry=registry).table()


def scorer(
    traces: Iterable[Trace],
    recordings: Iterable[Recording],
    metrics: Sequence[Metric | str] | None = None,
    options: Options | None = None,
    *,
    registry: Registry | None = None,
) -> Scorer:
    """What :func:`score` works with; gives the statistics of every item."""
    settings = options or Options()
    pairs = _in_order(traces, recordings, settings)
    if metrics is None:
        metrics = default_metrics(pairs)
    return Scorer(pairs, make_metrics(metrics, registry), settings)


def default_metrics(pairs: Iterable[tuple[Trace, Recording]]) -> tuple[str, ...]:
    """The usual names, and those for long form and speech where there is some."""
    known = list(pairs)
    long_form = any(recording.long_form for _, recording in known)
    speech = any("speech" in trace.outputs for trace, _ in known)
    return (DEFAULT_METRICS + (LONG_FORM_METRICS if long_form else ())
            + (SPEECH_METRICS if speech else ()))


def score_run(
    folder: Path | str,
    metrics: Sequence[Metric | str] | None = None,
    options: Options | None = None,
    *,
    registry: Registry | None = None,
    write: bool = True,
) -> ScoreTable:
    """Score a run folder and (``write``) put ``scores.json`` into it, atomically."""
    run = RunFolder(folder)
    record = run.record()
    settings = replace(options or Options(), fingerprint=record.fingerprint,
                       target_lang=record.target_lang)
    table = score(run.traces(), run.recordings(), metrics, settings, registry=registry)
    if write:
        write_atomically(run.path / "scores.json", table.to_json())
    return table


def _make_metric(name: str, registry: Registry) -> Metric:
    base = name.removesuffix(SUFFIX)
    plain = base.removesuffix(_AWARE)
    aware = plain != base
    metric_class = registry.get("metrics", plain).load()
    if aware and "CA" not in metric_class.spec.variants:
        raise UsageError(f"metric {name!r}: {plain} has no computation-aware variant")
    metric: Metric = metric_class(aware=aware)
    return metric if base == name else Penalised(metric)


def _in_order(
    traces: Iterable[Trace], recordings: Iterable[Recording], options: Options
) -> list[tuple[Trace, Recording]]:
    """Every (recording, language, repeat) the corpus asks for, with its trace or a lost one."""
    corpus = {recording.id: recording for recording in recordings}
    by_key: dict[tuple[str, str, int], Trace] = {}
    for trace in traces:
        if trace.recording_id not in corpus:
            raise TraceError(
                f"trace of recording {trace.recording_id!r}, which the corpus does not hold; "
                "score it with the references it was made for"
            )
        if trace.key in by_key:
            raise TraceError(f"two traces of recording, language and repeat {trace.key}")
        by_key[trace.key] = trace
    if not corpus:
        raise InputError("nothing to score: the corpus holds no recording")
    sample = next(iter(by_key.values()), None)
    langs = sorted({lang for _, lang, _ in by_key} | {options.target_lang} - {""})
    repeats = 1 + max((repeat for _, _, repeat in by_key), default=0)
    ordered = []
    for recording in corpus.values():
        for lang in langs or recording.target_langs[:1]:
            for repeat in range(repeats):
                known = by_key.get((recording.id, lang, repeat))
                if known is not None:
                    ordered.append((known, recording))
                elif lang in recording.target_langs:
                    ordered.append((lost_trace(recording, lang, like=sample, repeat=repeat),
                                    recording))
    return ordered


__all__ = [
    "ALL",
    "DEFAULT_METRICS",
    "LONG_FORM_METRICS",
    "SPEECH_METRICS",
    "Options",
    "default_metrics",
    "make_metrics",
    "score",
    "score_run",
    "scorer",
]
