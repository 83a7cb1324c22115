"""The environment of a worker: its share of the cores, and this package importable."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
)
"""What libraries that compute in threads of their own look at, once, when they are imported."""


def worker_environment(threads: int, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """``given`` with each library bound to ``threads`` threads, and the package of a checkout that
    is not installed on the path.
    """
    environment = {**given, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
    root = str(Path(__file__).resolve().parents[2])
    paths = environment.get("PYTHONPATH", "")
    if root in sys.path and root not in paths.split(os.pathsep):
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, paths)))
    return environment
