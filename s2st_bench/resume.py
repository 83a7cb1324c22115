"""How a user goes on with a run that ended early."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path


def resume_command(run: Path | str, plugin_dirs: Sequence[Path] = ()) -> str:
    """The line to type."""
    words = ["s2st-bench", "run", f"resume={run}"]
    for folder in plugin_dirs:
        words += ["--plugin-dir", str(folder)]
    return shlex.join(words)
