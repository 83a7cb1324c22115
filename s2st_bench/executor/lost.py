"""Recordings whose worker was lost, and how long recordings may take, for all executors."""

from __future__ import annotations

from collections.abc import Iterable

from s2st_bench.executor.base import Finished, Setup, Work, source_s
from s2st_bench.limits import Limits
from s2st_bench.replay import Replayed
from s2st_bench.replay.recorder import read_spool
from s2st_bench.types import Failure, Modality, TextSource, Trace


def lost(setup: Setup, work: Work, failure: Failure) -> Finished:
    """The record of a recording whose worker was lost: what was spooled, and why."""
    options = setup.options
    spool = setup.run / "spool" / f"{work.slot}.jsonl"
    steps, pieces = read_spool(spool)
    spool.unlink(missing_ok=True)
    source = work.recording.source
    is_text = isinstance(source, TextSource)
    length = float(len(source.tokens)) if isinstance(source, TextSource) else length_s(work)
    outputs: tuple[Modality, ...] = options.outputs or (
        ("speech", "text") if pieces else ("text",)
    )
    trace = Trace(
        system=setup.system.name,
        recording_id=work.recording.id,
        target_lang=work.target_lang,
        source_length=length,
        source_unit="tokens" if is_text else "s",
        pieces=tuple(pieces),
        repeat=work.repeat,
        clock=options.clock,
        outputs=outputs,
        host=options.host,
        load=options.load,
        warmup_s=options.warmup_s,
        attempt=work.attempt,
        error=failure,
    )
    return Finished(work.index, Replayed(trace, steps).line(), failure.message, length, 0.0)


def length_s(work: Work) -> float:
    """Seconds of a recording as its corpus says; its audio may not have been decoded."""
    return source_s(work.recording)


def limit_s(work: Work, limits: Limits) -> float:
    """Wall time that the recording may take."""
    return limits.recording_s or 600.0 + 50.0 * length_s(work)


def longest_first(works: Iterable[Work]) -> list[Work]:
    """In the order that keeps several workers busy to the end: a long recording begun last is
    waited for by all.  Equally long ones stay in their order.
    """
    return sorted(works, key=lambda work: -length_s(work))
