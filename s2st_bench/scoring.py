"""Scores of traces against references: per recording, and of the corpus with intervals.

Everything is a pure function of traces and recordings and does not depend on the order in which
traces were written: items stand in corpus order, then by target language and repeat.

*Counts* are of items (short form: recordings; long form: segments), over all repeats.
``n_total`` holds every item the corpus asks for, answered or not; ``coverage`` is
Σ min(units, reference units) / Σ reference units over all of them.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from s2st_bench.build import nested, shared
from s2st_bench.default_asr import AUTO
from s2st_bench.errors import ConfigError, DependencyError, InputError, TraceError, UsageError
from s2st_bench.heap import many_objects
from s2st_bench.items import lost_trace
from s2st_bench.metric import Metric
from s2st_bench.params import Build, construct
from s2st_bench.penalty import SUFFIX, Penalised
from s2st_bench.registry import Registry, labelled
from s2st_bench.scored import write_scores
from s2st_bench.scorer import ALL, Options, Scorer
from s2st_bench.store import RunFolder
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
                  "SpeechEndOffset_CA", "DurationRatio")
"""What spoken output gets besides."""

_AWARE = "_CA"

_ASR = "asr"
_ALIGNER = "aligner"

MetricOptions = Mapping[str, Mapping[str, Any]]
"""A metric's registered name (``COMET``, ``AL``) to keyword arguments of all its variants; that of
a metric with its recogniser (``ASR-BLEU@whisper``), or the recogniser alone (``@whisper``), to
those of these."""


def make_metrics(
    names: Sequence[Metric | str] = DEFAULT_METRICS,
    registry: Registry | None = None,
    options: MetricOptions | None = None,
    *,
    where: str = "metric_options.",
) -> tuple[Metric, ...]:
    """Metrics by name: ``AL``, ``AL_CA`` (computation-aware), ``AL_pen`` (silence costs).

    A metric of heard words (one with an option ``asr``) may be asked for several times, with the
    recogniser behind an ``@``: ``ASR-BLEU@reference``, ``ASR-BLEU@pocketsphinx``.  Where options
    give that recogniser another name, what follows the ``@`` is only a label: ``ASR-BLEU@large``
    with ``{"@large": {"asr": {"name": "whisper", "checkpoint": …}}}``.

    What is a metric already is passed on.  ``where`` stands before a metric's name in messages
    about its options.

    Raises
    ------
    UnknownPluginError
        Naming the nearest.
    DependencyError
        A metric's package is not installed.
    ConfigError
        An option that a metric does not have, of a wrong type, or of a metric not asked for.
    UsageError
        A variant the metric does not have, or a name given twice.
    """
    found = registry or Registry()
    given = options or {}
    asked = {registered_name(m) for m in names if isinstance(m, str)}
    applying = {key for name in asked for key in _option_keys(name, found)}
    if unused := sorted(given.keys() - applying):
        raise ConfigError(f"{where}{unused[0]}: the metric {unused[0]!r} is not asked for")
    build = shared(nested(found))
    made = tuple(_make_metric(m, found, given, where, build) if isinstance(m, str) else m
                 for m in names)
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
    metric_options: MetricOptions | None = None,
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
    metric_options
        Keyword arguments of metrics given by name.

    Raises
    ------
    TraceError
        Two traces of one recording, language and repeat, or a trace of an unknown recording.
    NotComparable
        The options ask for a re-timing that a trace does not allow.
    """
    with many_objects():
        return scorer(
            traces, recordings, metrics, options, registry=registry, metric_options=metric_options
        ).table()


def scorer(
    traces: Iterable[Trace],
    recordings: Iterable[Recording],
    metrics: Sequence[Metric | str] | None = None,
    options: Options | None = None,
    *,
    registry: Registry | None = None,
    metric_options: MetricOptions | None = None,
) -> Scorer:
    """What :func:`score` works with; gives the statistics of every item."""
    settings = options or Options()
    pairs = _in_order(traces, recordings, settings)
    if metrics is None:
        metrics = default_metrics(pairs)
    return Scorer(pairs, make_metrics(metrics, registry, metric_options), settings)


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
    metric_options: MetricOptions | None = None,
    write: bool = True,
) -> ScoreTable:
    """Score a run folder and (``write``) put its scores into it, atomically."""
    run = RunFolder(folder)
    record = run.record()
    settings = replace(options or Options(), fingerprint=record.fingerprint,
                       target_lang=record.target_lang, folder=run.path)
    table = score(run.traces(), run.recordings(), metrics, settings, registry=registry,
                  metric_options=metric_options)
    if write:
        write_scores(run.path, table.as_dict())
    return table


def registered_name(name: str) -> str:
    """``AL`` of the variants ``AL_CA``, ``AL_pen``, ``AL_CA_pen``; a recogniser stays."""
    return name.removesuffix(SUFFIX).removesuffix(_AWARE)


def _option_keys(name: str, registry: Registry) -> tuple[str, ...]:
    """Keys of the options that apply to a metric, the most specific last."""
    plugin, label = labelled(name, registry)
    return (plugin.name, f"@{label}", name) if label else (name,)


def _make_metric(
    name: str, registry: Registry, options: MetricOptions, where: str, build: Build
) -> Metric:
    base = name.removesuffix(SUFFIX)
    plain = registered_name(name)
    aware = plain != base
    plugin, label = labelled(plain, registry)
    if plugin.extra and (missing := plugin.missing()):
        raise DependencyError(missing[0], f"metric {plain}", plugin.extra)
    metric_class = plugin.load()
    if aware and "CA" not in metric_class.spec.variants:
        raise UsageError(f"metric {name!r}: {plain} has no computation-aware variant")
    given: dict[str, Any] = {}
    for key in _option_keys(plain, registry):
        given |= options.get(key, {})
    if "aware" in given:
        raise ConfigError(f"{where}{plain}.aware: ask for the metric {plain}_CA instead")
    wanted = inspect.signature(metric_class).parameters
    if _ALIGNER in wanted and given.get(_ALIGNER) is None:
        given[_ALIGNER] = AUTO
    if _ASR in wanted:
        named = given.get(_ASR) is not None or label or metric_class.asr_by_rule
        given[_ASR] = _recogniser(given.get(_ASR), label) if named else None
    elif label:
        raise UsageError(f"metric {name!r}: {plugin.name} hears nothing, so it takes no recogniser "
                         f"behind an @")
    metric: Metric = construct(metric_class, {**given, "aware": aware}, f"{where}{plain}",
                               build=build)
    metric.label = label
    return metric if base == name else Penalised(metric)


def _recogniser(given: Any, label: str) -> Any:
    """The option ``asr`` of a metric that has one: as given, else by its label or the rule."""
    if isinstance(given, Mapping) and "name" not in given:
        return {"name": label or AUTO, **given}
    return given if given is not None else label or AUTO


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
    "MetricOptions",
    "Options",
    "default_metrics",
    "make_metrics",
    "registered_name",
    "score",
    "score_run",
    "scorer",
]
