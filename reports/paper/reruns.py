"""Reruns of one system as tables."""

from __future__ import annotations

from collections.abc import Sequence

from s2st_bench.standings.reruns import Rerun, Reruns

from .plain import escaped

_HEAD = ("Metric", "mean", "SD of reruns", "lowest", "highest", "noise of a difference",
         "± over recordings")


def as_markdown(found: Sequence[Reruns]) -> str:
    """A table for each set of reruns, and how to read it."""
    parts = ["Reruns of the same system on the same recordings. Noise: of two more reruns, one "
             "pair in twenty differs by more; a gate's margin below it gates chance. The last "
             "column, half the 95 % interval over recordings, is what other recordings would "
             "change."]
    for reruns in found:
        means = "" if reruns.of == "runs" else ", means of recordings"
        parts.append(f"**{escaped(reruns.name)}** on {escaped(reruns.corpus)}: {reruns.n} "
                     f"{reruns.of}{means}")
        same = [one.metric for one in reruns.metrics if one.identical]
        rows = [_row(one) for one in reruns.metrics if not one.identical]
        if rows:
            ruler = ["---", *["---:"] * (len(_HEAD) - 1)]
            parts.append("\n".join("| " + " | ".join(row) + " |" for row in (_HEAD, ruler, *rows)))
        if same:
            parts.append("Identical in every rerun: " + ", ".join(map(escaped, same)) + ".")
    return "\n\n".join(parts) + "\n"


def _row(one: Rerun) -> tuple[str, ...]:
    low, high = min(one.values), max(one.values)
    half = "–" if one.half_width is None else _number(one.half_width)
    unit = f" ({one.unit})" if one.unit else ""
    return (escaped(one.metric + unit), *map(_number, (one.mean, one.deviation, low, high,
                                                       one.noise)), half)


def _number(value: float) -> str:
    return f"{value:.4g}"
