"""``python -m benchmarks [NAME …] [--quick] [--out DIR]``: run the named benchmarks, or all."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import (
    alignment,
    corpora,
    executors,
    fidelity,
    formats,
    quality,
    reference,
    replay,
    scale,
    speech,
    statistics,
)

BENCHMARKS = {
    "replay": replay.main, "fidelity": fidelity.main, "formats": formats.main,
    "statistics": statistics.main, "reference": reference.main, "quality": quality.main,
    "corpora": corpora.main, "alignment": alignment.main,
    "speech": speech.main, "executors": executors.main, "scale": scale.main,
}


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 when every gate is met, 1 when one is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true",
                        help="little material, no gates: see that everything runs")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results",
                        help="folder for the JSON results")
    options = parser.parse_args(argv)
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; known: {', '.join(BENCHMARKS)}")
    shared = ["--out", str(options.out), *(["--quick"] if options.quick else [])]
    return max(BENCHMARKS[name](shared) for name in options.names or BENCHMARKS)


if __name__ == "__main__":
    sys.exit(main())
