"""Any log by the name of its format: the one place that knows all readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from s2st_bench import trace as trace_file
from s2st_bench.errors import UsageError
from s2st_bench.formats import omnisteval, resegmented, simuleval, simulstream, simulstreaming, sltev
from s2st_bench.formats.detect import TRACE, detect
from s2st_bench.formats.log import UNKNOWN_LANG, Ca, Log
from s2st_bench.formats.tokens import Joining
from s2st_bench.types import AudioSource, Recording, Segment, TextSource, Trace


@dataclass(frozen=True, slots=True)
class Reading:
    """What a log does not say itself."""

    source_lang: str = ""
    target_lang: str = ""
    ca: Ca = "logged"
    joining: Joining | None = None
    """How tokens join, of a log of tokens; none: as it says, or as they look."""
