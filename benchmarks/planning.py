"""Time and cost of a campaign, from measured overheads (``docs/planning.md`` has the formula).

``python -m benchmarks.planning --systems 30 --pairs 8 --hours 5 --rtf 0.5 --gpus 1 8 64 --price 2``

Every system replays every pair's recordings on one GPU at a time, which is what keeps measured
computation honest; a campaign with more GPUs than runs splits runs over several workers.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import report


@dataclass(frozen=True, slots=True)
class Overheads:
    """What the harness itself costs; measured on two shared cores (AMD EPYC) (docs/planning.md)."""

    run_s: float = 2.1
    """Once a run: start of the command and of its workers, without loading the system."""
    recording_s: float = 0.0017
    chunk_s: float = 0.00006
    ray_run_s: float = 12.0
    """More, where a run is spread by Ray over a cluster of its own."""
    ray_recording_s: float = 0.0025
    score_segment_s: float = 0.001
    """The usual metrics, without models."""
    resegment_segment_s: float = 0.004
    """Finding the segments of a long recording in what was said: 25 words each."""
    board_segment_s: float = 0.00045


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is to be run.  Hours and prices are per pair of languages and per GPU."""

    systems: int = 30
    pairs: int = 8
    points: int = 1
    """Operating points of each system."""
    hours: float = 5.0
    """Of audio, each pair."""
    recording_s: float = 900.0
    """Mean length of a recording."""
    longest_s: float = 7200.0
    segment_s: float = 8.0
    """Mean length of a reference segment."""
    chunk_s: float = 0.96
    rtf: float = 0.5
    """Computation per second of audio, on one GPU."""
    load_s: float = 120.0
    """Loading the system, once a worker."""
    metric_rtf: float = 0.0
    """GPU seconds of neural metrics per second of audio; 0: none."""
    realtime: bool = False
    """``clock=realtime``: audio is waited for, as servers and vendors need."""
    price: float = 0.0
    """Of a GPU hour."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What it takes."""

    gpus: int
    gpu_hours: float
    wall_hours: float
    loading_share: float
    """Of the GPU hours: loading the systems."""
    harness_share: float
    """Of the GPU hours: what the harness itself costs."""
    scoring_hours: float
    """On one processor core; runs can be scored side by side."""
    board_minutes: float
    cost: float


def plan(campaign: Campaign, gpus: int, overheads: Overheads | None = None) -> Plan:
    """Time and cost on ``gpus`` GPUs."""
    costs = overheads or Overheads()
    runs = campaign.systems * campaign.pairs * campaign.points
    audio_s = campaign.hours * 3600.0
    recordings = max(1, round(audio_s / campaign.recording_s))
    segments = audio_s / campaign.segment_s
    # a long recording is not split, so a run is spread over no more workers than it has of them
    split = min(recordings, max(1, gpus // runs))
    rtf = max(1.0, campaign.rtf) if campaign.realtime else campaign.rtf
    each_s = costs.recording_s + (costs.ray_recording_s if split > 1 else 0.0)
    start_s = costs.run_s + (costs.ray_run_s if split > 1 else 0.0)
    load_s = split * campaign.load_s
    harness_s = split * start_s + recordings * each_s + audio_s / campaign.chunk_s * costs.chunk_s
    run_s = load_s + harness_s + audio_s * (rtf + campaign.metric_rtf)
    work_s = runs * run_s
    if split > 1:
        longest_s = min(campaign.longest_s, audio_s) * rtf + start_s + campaign.load_s
        wall_s = max(run_s / split, longest_s)
    else:
        wall_s = math.ceil(runs / gpus) * run_s
    return Plan(
        gpus, work_s / 3600, wall_s / 3600, load_s / run_s, harness_s / run_s,
        runs * segments * (costs.score_segment_s + costs.resegment_segment_s) / 3600,
        runs * segments * costs.board_segment_s / 60, work_s / 3600 * campaign.price,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row for each number of GPUs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planning", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    standard = Campaign()
    for name, text in {
        "systems": "systems", "pairs": "pairs of languages",
        "points": "operating points of each system", "hours": "hours of audio of each pair",
        "recording-s": "mean length of a recording", "longest-s": "length of the longest",
        "segment-s": "mean length of a reference segment",
        "chunk-s": "audio given at a time", "rtf": "the system's computation per second of audio",
        "load-s": "seconds to load a system", "price": "of a GPU hour",
        "metric-rtf": "GPU seconds of neural metrics per second of audio",
    }.items():
        value = getattr(standard, name.replace("-", "_"))
        parser.add_argument(f"--{name}", type=type(value), default=value,
                            help=f"{text} (default: {value:g})")
    parser.add_argument("--realtime", action="store_true", help="for clock=realtime")
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 8, 64])
    given = vars(parser.parse_args(argv))
    gpus: list[int] = given.pop("gpus")
    if min(gpus) < 1 or min(given["systems"], given["pairs"], given["points"]) < 1:
        parser.error("systems, pairs, points and GPUs are 1 or more")
    if min(given["hours"], given["recording_s"], given["chunk_s"]) <= 0:
        parser.error("hours, recording-s and chunk-s are above 0")
    campaign = replace(standard, **given)
    print(report.table([_row(plan(campaign, n)) for n in gpus]))
    return 0


def _row(found: Plan) -> dict[str, Any]:
    return {
        "GPUs": str(found.gpus), "GPU hours": found.gpu_hours, "wall": _time(found.wall_hours),
        "loading": f"{found.loading_share:.1%}", "harness": f"{found.harness_share:.2%}",
        "scoring, one core": _time(found.scoring_hours),
        "board": _time(found.board_minutes / 60), "cost": found.cost or None,
    }


def _time(hours: float) -> str:
    if hours >= 48:
        return f"{hours / 24:.1f} d"
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{hours * 60:.1f} min" if hours * 60 >= 1 else f"{hours * 3600:.0f} s"


if __name__ == "__main__":
    raise SystemExit(main())
