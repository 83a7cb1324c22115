"""When a system talks: while the speaker does, only at the end, or to nobody."""

from __future__ import annotations

from collections.abc import Sequence

from .marks import ALL_AT_END, BABBLING, HALLUCINATION, Mark
from .said import Said, words

LONG = 15.0
"""Seconds (or tokens) of source from which a listener cannot be left to wait for the end."""
AT_END = 0.9
"""Share of what is said only with the end of the source that counts as all of it."""
GRACE_S = 10.0
"""After the speaker stops, what is still said counts as his for so long."""
BABBLE = 0.5
"""Rate without a speaker, as a share of that with one, from which the two are unrelated."""


def judge_at_end(originals: Sequence[Said], names: Sequence[str]) -> Mark:
    """The mark, from recordings long enough to matter."""
    spoken = [(name, said) for name, said in zip(names, originals, strict=True)
              if not said.is_empty]
    held = [(name, said) for name, said in spoken if said.length >= LONG]
    if not held:
        return Mark(ALL_AT_END, "inconclusive", "it said nothing" if not spoken else
                    f"no recording of {LONG:g} or more was answered")
    late = [(name, said) for name, said in held
            if said.until(said.length, before=True).amount < (1 - AT_END) * said.amount]
    if len(late) * 2 > len(held):
        name, said = late[0]
        return Mark(ALL_AT_END, "fail", f"{name}: of {said.length:.1f} of source it said "
                    f"{said.until(said.length, before=True).amount / said.amount:.0%} before the "
                    f"end; so in {len(late)} of {len(held)} long recordings")
    share = sum(said.until(said.length, before=True).amount for _, said in held) / sum(
        said.amount for _, said in held)
    return Mark(ALL_AT_END, "pass", f"{share:.0%} of what is said on {len(held)} recordings of "
                f"{LONG:g} or more comes before their end")


def judge_babbling(
    originals: Sequence[Said], spoken: Said, quiet: Said, noise: Said, trailing: Said
) -> Mark:
    """The mark; ``trailing`` is the recording that ``spoken`` is of, with silence after it.

    Rates are of what was said (characters, or seconds of speech) per second of source.
    """
    given_s = sum(said.length for said in originals if not said.error)
    rate = sum(said.amount for said in originals if not said.error) / given_s if given_s else 0.0
    end_s = spoken.length + GRACE_S
    # what a system that waits for the end says there is no more than it says without the silence
    rest = min(trailing.after(end_s).amount, max(0.0, trailing.amount - spoken.amount))
    probes = [(f"{quiet.length:.0f} s of silence", quiet, quiet.amount, quiet.length),
              (f"{noise.length:.0f} s of noise", noise, noise.amount, noise.length),
              (f"the silence after speech, from {GRACE_S:g} s on", trailing, rest,
               trailing.length - end_s)]
    tried = [(what, amount / length_s) for what, said, amount, length_s in probes
             if not said.error and length_s > 0]
    if not tried:
        return Mark(BABBLING, "inconclusive", f"it failed: {quiet.error}")
    if not rate:
        if not any(found for _, found in tried):
            return Mark(BABBLING, "pass", "it said nothing at all")
        return Mark(BABBLING, "fail", f"it talks in {tried[0][0]} and not while somebody speaks")
    what, most = max(tried, key=lambda one: one[1])
    told = f"in {what} it says {most / rate:.0%} as much per second as while somebody speaks"
    return Mark(BABBLING, "fail" if most >= BABBLE * rate else "pass", told)


def judge_hallucination(quiet: Said, noise: Said) -> Mark:
    """The mark, from a stretch of silence; what is said in noise is told beside it."""
    if quiet.error:
        return Mark(HALLUCINATION, "inconclusive", f"it failed: {quiet.error}")
    beside = "" if noise.error else f"; in {noise.length:.0f} s of noise {_told(noise)}"
    return Mark(HALLUCINATION, "pass" if quiet.is_empty else "fail",
                f"in {quiet.length:.0f} s of silence {_told(quiet)}{beside}")


def _told(said: Said) -> str:
    if said.is_empty:
        return "no words"
    shown = words(said.written)
    return f"{len(shown)} words, from {' '.join(shown[:6])!r} on" if shown else (
        f"{said.amount:.1f} s of speech")
