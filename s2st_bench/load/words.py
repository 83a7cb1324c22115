"""A load curve in words and cells: the same for the terminal, the board and reports."""

from __future__ import annotations

from .curve import KEEPS_UP, Curve, Level

HEAD = ("listeners", "p50 s", "p95 s", "p99 s", "max s", "late", "drift", "writes", "failed",
        "memory MiB", "processors", "other work", "harness p99 s", "")
"""What a level's cells are."""
MEANING = (
    "Lag of a write: when it left the system minus when the source given by then had arrived; "
    "of a stream, how far its words are behind an even pace. Late: share of writes beyond the "
    "target. Drift: seconds of lag that a second of source adds. Processors: those that the "
    "system and its harness kept busy; other work: those that everything else did. Harness: how "
    "late it hands audio to so many listeners when the system does nothing."
)
CONVERSATIONS = ("Listeners come in pairs that hear opposite directions at once; a level holds "
                 "when the worse direction does.")


def verdict(curve: Curve) -> str:
    """What the curve comes to, in one line."""
    if not curve.levels:
        return "no level is measured yet"
    parts = [f"{curve.metric}: {curve.max_streams}{_at_least(curve)}", knee(curve)]
    if not curve.is_whole:
        parts.append("not all levels are measured yet")
    return "; ".join(parts)


def knee(curve: Curve) -> str:
    """Where the system stops keeping up."""
    if curve.knee is None:
        return "no knee: it falls behind one listener alone"
    if curve.knee_is_beyond:
        return f"knee not reached: it keeps up with {curve.knee}"
    return f"knee at {curve.knee}: with more it falls behind (drift above {KEEPS_UP:.0%})"


def cells(curve: Curve, level: Level) -> list[str]:
    """One level under :data:`HEAD`."""
    return [
        str(level.streams),
        *map(_seconds, (level.p50_s, level.p95_s, level.p99_s, level.max_s)),
        "–" if level.misses is None else f"{level.misses:.1%}",
        "–" if level.drift is None else f"{round(level.drift, 3) + 0.0:.3f}".replace("-", "−"),
        str(level.n_writes),
        f"{level.n_failed}/{level.n_plays}",
        "–" if level.memory_mib is None else f"{level.memory_mib:.0f}",
        _cores(level.cpu_cores),
        _cores(level.others_cores),
        "–" if level.jitter_p99_s is None else f"{level.jitter_p99_s:.3f}",
        "; ".join([*level.marks, *_directions(level),
                   *(["knee"] if level.streams == curve.knee and not curve.knee_is_beyond
                     else [])]),
    ]


def _directions(level: Level) -> list[str]:
    said = [f"into {lang} p95 {_seconds(value)} s" for lang, value in level.directions.items()]
    if level.overlap_s is not None:
        said.append(f"both speak for {level.overlap_s:.1f} s")
    return said


def _at_least(curve: Curve) -> str:
    last = curve.levels[-1].streams
    return " or more" if curve.max_streams == last else ""


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _cores(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
