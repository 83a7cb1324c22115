"""Replaying one recording to one system: the loop between a source, a clock and a session."""

from s2st_bench.limits import Limits
from s2st_bench.replay.one import Replayed, ReplayOptions, replay, task_for

__all__ = ["Limits", "ReplayOptions", "Replayed", "replay", "task_for"]
