"""From a run's configuration to its load test: the opposite direction's recordings, and checks
that need them.
"""

from __future__ import annotations

from collections.abc import Sequence

from s2st_bench.build import build_corpus, build_system
from s2st_bench.config import RunConfig
from s2st_bench.errors import ConfigError
from s2st_bench.executor.base import Setup
from s2st_bench.registry import Registry
from s2st_bench.replay import task_for
from s2st_bench.types import Recording, RunRecord

from .conversations import told_apart
from .levels import LoadTest


def load_test(
    config: RunConfig, registry: Registry, record: RunRecord, recordings: Sequence[Recording],
    setup: Setup,
) -> LoadTest | None:
    """The run's load test; none where it has no levels.

    Raises
    ------
    ConfigError
        Conversations are asked for, and the corpus or the system has no opposite direction.
    """
    if not config.load.levels:
        return None
    answers: tuple[Recording, ...] = ()
    if config.load.conversations:
        answers = told_apart(recordings, _opposite(config, registry, record))
        system = build_system(config.system, registry)
        task_for(system, answers[0], record.source_lang, setup.options)
    return LoadTest(config.load, setup, config.executor.limits, record, tuple(recordings), answers)


def _opposite(
    config: RunConfig, registry: Registry, record: RunRecord
) -> tuple[Recording, ...]:
    """The recordings of the same corpus in the opposite direction."""
    there, back = record.target_lang, record.source_lang
    corpus = build_corpus(config.dataset, registry, source_lang=there, target_lang=back)
    found = tuple(corpus.recordings())
    wrong = [one for one in found if one.source_lang != there or back not in one.target_langs]
    if wrong or not found:
        what = f"{wrong[0].id!r} is from {wrong[0].source_lang}" if wrong else "there is none"
        raise ConfigError(f"load.conversations: dataset {config.dataset.name} has no recordings "
                          f"from {there} to {back} ({what})")
    return found
