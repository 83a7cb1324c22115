"""Regenerate the corpus, or print training text.

::

    python -m s2st_bench.datasets.conference.generator build --out FOLDER
    python -m s2st_bench.datasets.conference.generator text --seed 1 --count 10000 > train.tsv
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .training import triples


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m s2st_bench.datasets.conference.generator",
                                     description=__doc__.split("\n", maxsplit=1)[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    build = verbs.add_parser("build", help="write data/ and audio/")
    build.add_argument("--out", type=Path, required=True, help="folder to write to")
    words = verbs.add_parser("text", help="print training sentences as TSV: kind, de, en, es")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    if options.verb == "text":
        for triple in triples(options.count, seed=options.seed):
            sys.stdout.write(f"{triple.kind}\t{triple.de}\t{triple.en}\t{triple.es}\n")
        return
    from .build import SOURCES, make, write
    from .speech import Speaker

    with Speaker() as speaker:
        for source in SOURCES:
            for split in ("dev", "test", "talks"):
                write(options.out, source, split, make(speaker, source, split))
                sys.stderr.write(f"{source} {split} written\n")


if __name__ == "__main__":
    main()
