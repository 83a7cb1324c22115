"""Where recordings are replayed: worker processes here, or a Ray cluster.

An executor takes work items and yields events; the runner alone writes the run folder.  A system
that raises, hangs, dies or floods costs its recording only.
"""

from s2st_bench.executor.base import (
    Event,
    Executor,
    Finished,
    Loaded,
    Progress,
    Setup,
    Work,
)
from s2st_bench.executor.choice import batch_of, choose_executor, threads_of
from s2st_bench.executor.local import LocalExecutor

__all__ = [
    "Event",
    "Executor",
    "Finished",
    "Loaded",
    "LocalExecutor",
    "Progress",
    "Setup",
    "Work",
    "batch_of",
    "choose_executor",
    "threads_of",
]
