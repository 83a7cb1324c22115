"""Both tools run from inside, to time the replay apart from imports and loading.

``python -m benchmarks.drivers ours OVERRIDE …`` and ``python -m benchmarks.drivers simuleval
ARGUMENT …`` do what ``s2st-bench run`` and ``simuleval`` do, and print ``{"replay_s": …}``.
Decoding the audio and writing the log count as replay on both sides.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

PLUGINS = Path(__file__).parent / "plugins"


def ours(overrides: list[str]) -> float:
    """Seconds from the system being loaded to the last trace being written."""
    from s2st_bench import compose, runner

    config = compose.compose(overrides, plugin_dirs=[PLUGINS])
    events: list[float] = []

    def note(status: runner.Status) -> None:
        events.append(time.perf_counter())

    runner.run(config, plugin_dirs=[PLUGINS], progress=note)
    return events[-1] - events[0]


def simuleval(arguments: list[str]) -> float:
    """Seconds from the agent being built to the log being complete."""
    sys.argv = ["simuleval", *arguments]
    import simuleval.cli  # noqa: F401 - what the command imports
    from simuleval.evaluator import build_evaluator
    from simuleval.utils.agent import build_system_args

    system, options = build_system_args()
    started = time.perf_counter()
    build_evaluator(options)(system)
    return time.perf_counter() - started


if __name__ == "__main__":
    which, *rest = sys.argv[1:]
    seconds = {"ours": ours, "simuleval": simuleval}[which](rest)
    print(json.dumps({"replay_s": seconds}))
