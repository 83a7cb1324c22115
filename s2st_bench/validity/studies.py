"""The grid: which knob is turned how far, and what is asked of which metric.

Short form is sentences of the embedded corpus' dev split, long form its talks, English to German.
All but the knob stays: lag 2 s (compute: 1 s and chunks of 0.32 s), nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from s2st_bench.registry import Registry
from s2st_bench.retime import RULES
from s2st_bench.types import Recording
from s2st_bench.validity.observe import Interpreting
from s2st_bench.validity.rows import Claim, Observed, Row, Study, measure

SOURCE_LANG, TARGET_LANG = "en", "de"
BURST_EVERY_S = 10.0

SHORT_LAG = tuple(Claim(name, "lag") for name in (
    "AL", "LAAL", "DAL", "YAAL", "ATD", "UnitLag@p50", "EVS"))
LONG_LAG = (
    *(Claim(name, "lag") for name in (
        "LongYAAL", "LongLAAL", "LongAL", "LongDAL", "UnitLag@p50", "EVS")),
    Claim("LongYAAL", "lag", "timed"),
    Claim("LongYAAL", "lag", "min-wer"),
    Claim("StreamLAAL", "lag", "min-wer"),
    Claim("StreamLAAL@fbk", "lag", "min-wer"),
)
QUALITY = (Claim("WER", "wer"), Claim("BLEU"), Claim("chrF"))
STABILITY = (
    Claim("NormalizedErasure", "erasure"), Claim("CommitLag"), Claim("FlickerTime"),
    Claim("FirstShownLAAL", "lag_first"),
)
DRIFT = (Claim("LatencyDrift", "drift"), Claim("LatencyDrift", "drift", "timed"))
COMPUTE = (
    Claim("RTF", "rtf"), Claim("Backlog", "backlog"),
    *(Claim("LongYAAL", "wait", ca=rule) for rule in RULES),
    *(Claim("StreamLAAL", "wait", "min-wer", ca=rule) for rule in RULES),
)

LAGS_S = (0.0, 1.0, 2.0, 4.0)
SHARES = (0.0, 0.1, 0.2, 0.4)

STUDIES: tuple[Study, ...] = (
    Study("lag_s", "s", "short", LAGS_S,
          (*SHORT_LAG, Claim("StartOffset", "start"), Claim("AP"), Claim("EndOffset"))),
    Study("omission", "share", "short", SHARES, (*SHORT_LAG, *QUALITY)),
    Study("revision", "share", "short", SHARES, (*SHORT_LAG, *STABILITY)),
    Study("lag_s", "s", "long", LAGS_S, LONG_LAG),
    Study("drift_s_per_min", "s/min", "long", (0.0, 0.5, 1.0, 2.0), (*DRIFT, *LONG_LAG)),
    Study("omission", "share", "long", SHARES, (*LONG_LAG, *QUALITY, *DRIFT)),
    Study("error", "share", "long", SHARES, (*LONG_LAG, *QUALITY, *DRIFT)),
    Study("revision", "share", "long", SHARES, (*LONG_LAG, *STABILITY)),
    Study("compute", "s/s", "long", (0.0, 0.3, 0.6, 0.9, 1.1), COMPUTE),
    Study("burst_compute_s", "s", "long", (0.0, 1.0, 2.0, 4.0), COMPUTE),
)


@dataclass(frozen=True, slots=True)
class Material:
    """Recordings of both forms."""

    short: Sequence[Recording]
    long: Sequence[Recording]


def material(registry: Registry, n_short: int = 24, n_long: int = 2) -> Material:
    """The embedded corpus' sentences and talks."""
    corpus = registry.get("datasets", "conference").load()
    pair = {"source_lang": SOURCE_LANG, "target_lang": TARGET_LANG}
    return Material(
        tuple(corpus(split="dev", limit=n_short, **pair).recordings()),
        tuple(corpus(split="talks", limit=n_long, **pair).recordings()),
    )


def observer(study: Study, interpreting: Interpreting) -> Callable[[float], Observed]:
    """Replays at a level of the study's knob."""
    if study.knob == "compute":
        return lambda level: interpreting.observe_compute(compute=level)
    if study.knob == "burst_compute_s":
        return lambda level: interpreting.observe_compute(
            burst_every_s=BURST_EVERY_S, burst_compute_s=level)
    if study.knob == "lag_s":
        return lambda level: interpreting.observe(lag_s=level)
    return lambda level: interpreting.observe(**{"lag_s": 2.0, study.knob: level})


def run_studies(
    given: Material, registry: Registry, studies: Sequence[Study] = STUDIES,
    progress: Callable[[Study], None] | None = None,
) -> tuple[Row, ...]:
    """All rows of ``studies``; ``progress`` hears of each before it begins."""
    rows: list[Row] = []
    for study in studies:
        if progress is not None:
            progress(study)
        recordings = given.short if study.form == "short" else given.long
        interpreting = Interpreting(recordings, TARGET_LANG, registry)
        rows += measure(study, observer(study, interpreting), registry)
    return tuple(rows)
