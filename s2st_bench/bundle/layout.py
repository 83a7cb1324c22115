"""What a bundle holds."""

from __future__ import annotations

import re
from typing import Final

from s2st_bench.trust import report

TRUST: Final = report.FILE
MANIFEST: Final = "bundle.json"
VERSION: Final = 1
REQUIRED: Final = ("run.json", "recordings.jsonl", "traces.jsonl", "scores.json")
OPTIONAL: Final = ("config.yaml", TRUST)
PIECES: Final = "pieces/"
_PIECE = re.compile(r"pieces/[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}\.(wav|flac|ogg|opus)")


def belongs(name: str) -> bool:
    """Whether a run folder has a file of that name, ``/`` between folders."""
    return name in REQUIRED or name in OPTIONAL or _PIECE.fullmatch(name) is not None
