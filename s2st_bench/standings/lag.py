"""How far a listener is behind, word by word.

Behind an even pace, as LAAL counts it (Papi et al. 2022): unit ``i`` of a text with ``n`` units is
due at ``i · T / n``, with ``T`` the length of the source and ``n`` the longer of output and
reference, so that saying more does not look faster.  Seconds; only for sources with time.
"""

from __future__ import annotations

from dataclasses import dataclass

from s2st_bench.metric import LatencyUnit
from s2st_bench.timeline import emissions
from s2st_bench.types import Recording, Trace
from s2st_bench.units import split_units


@dataclass(frozen=True, slots=True)
class Lag:
    """One unit: when it came and how far behind that was; aware times where they exist."""

    delay_s: float
    behind_s: float
    elapsed_s: float | None
    behind_aware_s: float | None


def lag_curve(
    trace: Trace, recording: Recording, unit: LatencyUnit = "word"
) -> tuple[Lag, ...]:
    """The lag at every unit of the final text, in order; empty for a source of text."""
    if trace.source_unit != "s":
        return ()
    said = emissions(trace, unit)
    references = (s.references.get(trace.target_lang, ("",)) for s in recording.segments)
    wanted = sum(len(split_units(found[0], unit)) for found in references if found)
    pace = trace.source_length / max(len(said), wanted, 1)
    return tuple(
        Lag(e.delay, e.delay - i * pace, e.elapsed,
            None if e.elapsed is None else e.elapsed - i * pace)
        for i, e in enumerate(said)
    )
