"""Does a system repeat itself, and does a session depend on others?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import get_args

import numpy as np

from .marks import DETERMINISTIC, STATE_LEAK, Mark
from .said import Channel, Said, distance

Channels: tuple[Channel, ...] = get_args(Channel)


def apart(one: Said, other: Said, *, exact: bool = True) -> float:
    """The larger of both channels' distances."""
    return max(distance(one, other, channel, exact=exact) for channel in Channels)


def judge_deterministic(
    names: Sequence[str], repeats: Sequence[Sequence[Said]], *, exact: bool = True
) -> Mark:
    """The mark, from each recording's repeats; never a failure: chance is no fraud."""
    held = [(name, [one for one in those if not one.error])
            for name, those in zip(names, repeats, strict=True)]
    failed = [name for name, those in zip(names, repeats, strict=True)
              if 0 < sum(bool(one.error) for one in those) < len(those)]
    if failed:
        return Mark(DETERMINISTIC, "inconclusive",
                    f"{failed[0]}: failed in some repeats and not in others")
    own = {name: max(apart(a, b, exact=exact) for a, b in combinations(those, 2))
           for name, those in held if len(those) > 1}
    if not own:
        return Mark(DETERMINISTIC, "inconclusive", f"no recording was answered: {_error(repeats)}")
    differ = [name for name, far in own.items() if far]
    if not differ:
        return Mark(DETERMINISTIC, "pass", f"{len(own)} recordings, each heard "
                    f"{len(repeats[0])} times: the same output")
    return Mark(DETERMINISTIC, "inconclusive", f"{differ[0]} was answered otherwise when heard "
                f"again; {len(differ)} of {len(own)} recordings differ, by "
                f"{np.mean(list(own.values())):.1%} on average")


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """One recording heard alone and heard with others."""

    name: str
    how: str
    """``after NAME``, ``beside NAME`` or ``when heard first``."""
    alone: tuple[Said, ...]
    said: Said
    again: Callable[[], Said]
    """Hears it once more the same way, in a fresh process."""


def judge_leak(cases: Sequence[Beside], *, notes: Sequence[str] = ()) -> Mark:
    """The mark: what is heard before or beside a recording must not move what is said of it."""
    usable = [case for case in cases if case.alone and not case.said.error
              and not any(one.error for one in case.alone)]
    noted = f"; {'; '.join(notes)}" if notes else ""
    if not usable:
        return Mark(STATE_LEAK, "inconclusive", f"no two recordings were answered{noted}")
    unsteady = [case for case in usable
                if any(apart(a, b) for a, b in combinations(case.alone, 2))]
    steady = [case for case in usable if case not in unsteady]
    moved = [case for case in steady if apart(case.said, case.alone[0])]
    for case in moved[:2]:
        again = case.again()
        if not again.error and not apart(again, case.said):
            return Mark(STATE_LEAK, "fail", f"{case.name} is answered otherwise {case.how}: "
                        f"{_shown(case.said)} instead of {_shown(case.alone[0])}; "
                        f"{len(moved)} of {len(steady)} differ{noted}")
    if moved:
        return Mark(STATE_LEAK, "inconclusive", f"{moved[0].name} differs {moved[0].how}, but not "
                    f"the same way when heard again{noted}")
    if unsteady and not steady:
        return Mark(STATE_LEAK, "inconclusive", f"not deterministic enough to tell{noted}")
    return Mark(STATE_LEAK, "pass", f"heard {len(steady)} times after or beside others: the same "
                "output" if not notes else
                f"heard {len(steady)} times after others: the same output{noted}")


def _shown(said: Said) -> str:
    if text := said.text.strip():
        return repr(text[:60])
    return f"{sum(p.duration_s for p in said.pieces):.2f} s of speech" if said.pieces else "nothing"


def _error(repeats: Sequence[Sequence[Said]]) -> str:
    return next((one.error for those in repeats for one in those if one.error), "it was not heard")
