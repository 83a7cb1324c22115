"""Real logs of other tools (``../shared/logs``), scored here and by the tool's own code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

from oracles import Value, attempt, by_simuleval, ours
from run_values import LATENCY
from s2st_bench.formats import readers, simuleval

FOLDER = Path(__file__).parents[2].parent / "shared" / "logs"


def of_simuleval() -> Iterator[Value]:
    """Five talks of ACL 60/60, each as one sentence."""
    path = FOLDER / "longform_acl6060_ende" / "instances.log"
    lines = path.read_text("utf-8").splitlines()
    log = simuleval.read(path, target_lang="de")
    plain, compat = ours(log, LATENCY), ours(log, LATENCY, compat="simuleval")
    for index, line in enumerate(lines):
        spaces = "\u00a0" in json.loads(line)["reference"]
        kind = "no-break spaces in the reference" if spaces else "usual"
        for name, theirs in by_simuleval(line, LATENCY).items():
            yield Value("simuleval", kind, name, plain[index][name], compat[index][name],
                        theirs)


def of_simulstream() -> Iterator[Value]:
    """Statistics of simulstream's own logs, which have no references."""
    from simulstream.metrics import stats
    from simulstream.metrics.readers import LogReader

    config = SimpleNamespace(detokenizer_type="simuleval", latency_unit="spm")
    for path in sorted((FOLDER / "simulstream").glob("*.jsonl")):
        reader = LogReader(config, str(path))
        log = readers.read(path, "simulstream")
        counted = {"NormalizedErasure": {"count": "deleted"}}
        names = ["RTF", "NormalizedErasure"]
        plain = ours(log, names)[0]
        compat = ours(log, names, compat="simulstream", metric_options=counted)[0]
        for name, metric in zip(names, (stats.RealTimeFactor(), stats.NormalizedErasure()),
                                strict=True):
            theirs = attempt(lambda m=metric, r=reader: m.compute(r))
            yield Value("simulstream", path.stem, name, plain[name], compat[name], theirs)


PEERS: dict[str, Callable[[], Iterator[Value]]] = {
    "simuleval": of_simuleval, "simulstream": of_simulstream}
