"""A summary as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from s2st_bench.standings.text import label

from .lags import PERCENT, TARGET_PERCENT, Lags, Summary


def as_text(summary: Summary) -> str:
    """Four lines and two for each kind of lag, no colours."""
    return "\n".join(_lines(summary))


def _lines(summary: Summary) -> Iterator[str]:
    yield (f"{label(summary.run)}: {label(summary.name)} · {label(summary.corpus)}, "
           f"{label(summary.languages, 40)} · clock {summary.clock}")
    took = "not finished" if summary.runtime_s is None else _time(summary.runtime_s)
    spoken = f" for {_time(summary.source_s)} of speech" if summary.source_s else ""
    yield f"  runtime     {took}{spoken}"
    failed = f", {summary.n_failed} failed" if summary.n_failed else ""
    yield f"  recordings  {summary.n_recordings:,}{failed}"
    yield f"  chunks      {summary.n_chunks:,}"
    if summary.n_shared:
        yield (f"  host        shared with other work during {summary.n_shared:,} "
               f"{'trace' if summary.n_shared == 1 else 'traces'}: measured times are not "
               "compared with others'")
    for lags in summary.lags:
        yield from _of(lags, summary.target_s)
    if not summary.lags:
        yield "  lag         none: nothing was said, or the source has no time"


def _of(lags: Lags, target_s: float) -> Iterator[str]:
    cost = "computation included" if lags.aware else "without computation"
    marks = ", ".join(f"p{percent} {value:.2f}"
                      for percent, value in zip(PERCENT, lags.percentiles, strict=True))
    yield (f"  lag         average {lags.mean:.2f} s, {marks}, max {lags.most:.2f} "
           f"({lags.n:,} {lags.unit}, {cost})")
    verdict = "met" if lags.met else "missed"
    yield (f"  target      {verdict}: {100 * lags.within:.1f} % of {lags.unit} within "
           f"{target_s:g} s, {TARGET_PERCENT} % are wanted")


def _time(seconds: float) -> str:
    """``m:ss``, or ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
