"""Real runs: systems of the package over the demo corpus, with measured compute.

They are replayed in this process under the clock ``simulated``; a run's name is what was run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s2st_bench.build import build_corpus, build_system
from s2st_bench.config import Choice
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.types import Recording, Trace


@dataclass(frozen=True, slots=True)
class Run:
    """Traces in the corpus' order."""

    name: str
    traces: tuple[Trace, ...]
    recordings: tuple[Recording, ...]
    long_form: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A system over one split and language pair."""

    source: str
    target: str
    system: str
    params: dict[str, Any] = field(default_factory=dict)
    split: str = "dev"
    limit: int = 66
    chunk_s: float = 0.32


_PLANS = (
    Plan("en", "de", "interpreter", {"lag_s": 0.5, "compute": 0.001}),
    Plan("en", "es", "interpreter", {"lag_s": 2.0, "omission": 0.1, "error": 0.1}, chunk_s=0.5),
    Plan("de", "en", "interpreter", {"lag_s": 4.0, "burst_every_s": 2.0, "burst_compute_s": 0.002}),
    Plan("de", "en", "interpreter", {"lag_s": 1.0, "omission": 0.3, "exact": True}, "test"),
    Plan("de", "es", "oracle", {}, "test", chunk_s=0.2),
    Plan("de", "en", "offline", {"inner": {"name": "interpreter", "error": 0.2}}, limit=22),
    Plan("en", "de", "eager", {"append_only": True, "inner": {"name": "interpreter",
                                                              "revision": 0.2}}, "test", 44),
    Plan("en", "de", "interpreter", {"lag_s": 1.0, "revision": 0.3}, "test", 44),
    Plan("en", "de", "interpreter", {"lag_s": 2.0, "omission": 0.1, "error": 0.1}, "talks", 2, 1.0),
    Plan("de", "es", "interpreter", {"lag_s": 3.0, "drift_s_per_min": 1.0}, "talks", 2, 1.0),
)


def runs(folder: Path) -> Iterator[Run]:
    """All of them; ``folder`` exists and is theirs."""
    (folder / "spool").mkdir()
    registry = Registry()
    for number, plan in enumerate(_PLANS):
        corpus = build_corpus(Choice("conference", {"split": plan.split, "limit": plan.limit}),
                              registry, source_lang=plan.source, target_lang=plan.target)
        recordings = tuple(corpus.recordings())
        system = build_system(Choice(plan.system, plan.params), registry)
        system.load()
        options = ReplayOptions(clock="simulated", chunk_s=plan.chunk_s)
        traces = tuple(replay(system, recording, plan.target, options, folder).whole()
                       for recording in recordings)
        name = f"{number} {plan.system} {plan.source}-{plan.target} {plan.split}"
        yield Run(name, traces, recordings, plan.split == "talks")
