"""Resegmenters by the names that users type."""

from __future__ import annotations

from typing import Literal, get_args

from s2st_bench.errors import UsageError
from s2st_bench.resegment import MinWerSegmenter, Resegmenter, SoftSegmenter

Name = Literal["soft", "soft-moses", "timed", "min-wer", "mweralign"]
NAMES: tuple[Name, ...] = get_args(Name)

SLACK_S = 0.5
"""How long before a sentence begins a word of it may have been said, with ``timed``."""


def resegmenter(name: str) -> Resegmenter:
    """The resegmenter of that name.

    Raises
    ------
    UsageError
        No such name.
    DependencyError
        ``mweralign`` is not installed.
    """
    match name:
        case "soft":
            return SoftSegmenter()
        case "soft-moses":
            return SoftSegmenter("moses")
        case "timed":
            return SoftSegmenter(slack_s=SLACK_S)
        case "min-wer":
            return MinWerSegmenter()
        case "mweralign":
            from s2st_bench.resegment_mweralign import MweralignSegmenter

            return MweralignSegmenter()
    raise UsageError(f"resegmenter {name!r}: {', '.join(NAMES)}")
