"""Talks joined from short-form outputs, with noise of a known kind in the words.

The interpreter's own errors keep most letters of a word, which is easy prey for a resegmenter that
compares letters; here wrong words are other words of the same talk.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from s2st_bench.registry import Registry
from s2st_bench.resegmenters import resegmenter
from s2st_bench.timeline import final_text
from s2st_bench.types import Trace
from s2st_bench.validity.boundaries import Boundaries, join, judge
from s2st_bench.validity.observe import Interpreting
from s2st_bench.validity.rows import Cut

LAG_S = 2.0


@dataclass(frozen=True, slots=True)
class Noise:
    """What is wrong with the outputs; shares from 0 to 1."""

    omission: float = 0.0
    wrong: float = 0.0
    """Words replaced by any other word of the talk."""
    silent: float = 0.0
    """Sentences of which nothing is said."""

    def __str__(self) -> str:
        named = (f"{self.omission:.0%} words left out", f"{self.wrong:.0%} words wrong",
                 f"{self.silent:.0%} sentences left out")
        return ", ".join(name for name in named if not name.startswith("0%")) or "none"


NOISES: tuple[Noise, ...] = (
    Noise(), Noise(omission=0.3), Noise(wrong=0.2), Noise(wrong=0.4), Noise(wrong=0.6),
    Noise(omission=0.2, wrong=0.4), Noise(silent=0.2), Noise(silent=0.2, wrong=0.3),
)


def noisy(traces: Sequence[Trace], noise: Noise, seed: int = 0) -> list[Trace]:
    """Append-only traces with words replaced and sentences silenced."""
    draws = random.Random(seed)
    vocabulary = sorted({word for trace in traces for word in final_text(trace).split()})

    def other(match: re.Match[str]) -> str:
        return draws.choice(vocabulary) if draws.random() < noise.wrong else match.group()

    changed = []
    for trace in traces:
        silent = draws.random() < noise.silent
        steps = tuple(
            replace(step, writes=() if silent else tuple(
                replace(write, text=re.sub(r"\S+", other, write.text)) for write in step.writes))
            for step in trace.steps
        )
        changed.append(replace(trace, steps=steps))
    return changed


def run_boundaries(
    interpreting: Interpreting, registry: Registry, noises: Sequence[Noise] = NOISES
) -> tuple[Boundaries, ...]:
    """Every resegmenter on the joined short recordings under every noise."""
    rows = []
    for noise in noises:
        traces, _ = interpreting.hear(exact=True, lag_s=LAG_S, omission=noise.omission)
        joined = join(interpreting.recordings, noisy(traces, noise))
        rows += [judge(joined, resegmenter(cut), str(noise), registry) for cut in get_args(Cut)]
    return tuple(rows)
