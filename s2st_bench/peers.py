"""What another tool counts differently, for scores that are to equal its own (``--compat PEER``).

Facts of SimulEval 1.1.4, OmniSTEval 0.1.10 and simulstream 1.0.0; ``metrics/README.md`` lists them,
each with an example.  A metric whose formula differs says so in its
:meth:`~s2st_bench.metric.Metric.as_peer`.
"""

from __future__ import annotations

from typing import Literal, get_args

from s2st_bench.metric import LatencyUnit

Peer = Literal["simuleval", "omnisteval", "simulstream"]
PEERS: tuple[Peer, ...] = get_args(Peer)

_OWN_UNITS: dict[LatencyUnit, LatencyUnit] = {"word": "space_word", "char": "any_char"}


def unit_of(unit: LatencyUnit, peer: Peer | None) -> LatencyUnit:
    """What the peer cuts hypotheses into: simulstream's words end at spaces alone, and its
    characters are all there are."""
    return _OWN_UNITS.get(unit, unit) if peer == "simulstream" else unit


def reference_length(text: str, unit: LatencyUnit, peer: Peer | None) -> int | None:
    """R as the peer counts it; none where it counts as we do.

    SimulEval and OmniSTEval split at each single space, so that two in a row hold an empty word and
    an empty reference is one; as characters they count what stands between.
    """
    if peer in ("simuleval", "omnisteval"):
        if unit == "word":
            return len(text.split(" "))
        if unit == "char":
            return len(text.strip())
    return None
