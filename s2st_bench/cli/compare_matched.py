"""``compare A1 A2 … --versus B1 B2 … --matched LAAL,BLEU``: two systems at the same latency."""

from __future__ import annotations

from collections.abc import Sequence

from s2st_bench.cli.common import printable, signatures, table
from s2st_bench.compare.latency import AtMatched, ByDominance, Curve, Sides, WithinBudget


def as_text(found: AtMatched | ByDominance | WithinBudget) -> str:
    """The points, what was found, and the signatures."""
    sides = found.sides
    parts = [_points(sides, [("A", sides.first), ("B", sides.second)])]
    if isinstance(found, AtMatched):
        parts += _matched(found)
    elif isinstance(found, ByDominance):
        parts += _dominance(found)
    else:
        parts += _budget(found)
    parts.append(signatures(list(zip((sides.latency, sides.quality), sides.signatures,
                                     strict=True))))
    return "\n\n".join(part for part in parts if part)


def _points(sides: Sides, curves: Sequence[tuple[str, Curve]]) -> str:
    head = ["", "run", _latency(sides), sides.quality]
    rows = [
        [name, printable(run), _number(x, sides.unit), _number(y)]
        for name, curve in curves
        for run, x, y in zip(curve.runs, curve.latency.tolist(), curve.quality.tolist(),
                             strict=True)
    ]
    return table([head, *rows], right=(2, 3))


def _matched(found: AtMatched) -> list[str]:
    sides, one = found.sides, found.found
    head = [_latency(sides), f"{sides.quality}, A - B", "95 % pointwise", "95 % for all latencies",
            "better"]
    rows = []
    for i, at in enumerate(one.latency.tolist()):
        low, high = (float(band[i]) for band in one.simultaneous)
        rows.append([
            _number(at, sides.unit), f"{float(one.difference[i]):+.2f}",
            " … ".join(f"{float(band[i]):+.2f}" for band in one.pointwise),
            f"{low:+.2f} … {high:+.2f}", "A" if low > 0 else "B" if high < 0 else "",
        ])
    ends = " to ".join(_number(end, sides.unit) for end in one.overlap)
    return [
        table([head, *rows], right=(0, 1)),
        f"Both curves span {sides.latency} {ends}{_space(sides.unit)}; linear between points; "
        f"{one.n_clusters} clusters, {one.method}. A is better, or B, where the band that holds "
        "for all latencies at once leaves 0 out.",
    ]


def _dominance(found: ByDominance) -> list[str]:
    sides = found.sides
    head = ["A", "B", f"{_latency(sides)}, A - B", f"{sides.quality}, A - B", "p", "Holm", ""]
    said = {"dominates": "A dominates", "dominated": "B dominates", "undecided": "undecided"}
    rows = [
        [printable(a), printable(b), f"{row.latency:+.{_digits(sides.unit)}f}",
         f"{row.quality:+.2f}", f"{row.p_value:.4f}", f"{row.p_holm:.4f}", said[row.verdict]]
        for a, b, row in found.rows
    ]
    return [
        table([head, *rows], right=(2, 3, 4, 5)),
        "One system has a single point, so there is no curve: a point dominates where it is better "
        "on both axes. With dev runs (--dev) the systems are compared at a latency both keep.",
    ]


def _budget(found: WithinBudget) -> list[str]:
    sides = found.sides
    head = ["metric", "A", "B", "A - B", "95 % interval", "unit", "p", "scored", "clusters"]
    rows = []
    for row in found.rows:
        one = row.found
        digits = _digits(one.unit)
        interval = "–" if one.interval is None else \
            f"{one.interval.low:+.{digits}f} … {one.interval.high:+.{digits}f}"
        rows.append([
            one.metric, _number(one.system, one.unit), _number(one.baseline, one.unit),
            f"{one.difference:+.{digits}f}", interval, one.unit,
            "–" if one.p_value is None else f"{one.p_value:.4f}",
            " / ".join(dict.fromkeys(map(str, one.n_scored))), str(one.n_clusters),
        ])
    a, b = map(printable, found.runs)
    return [
        f"On dev, chosen for {sides.quality} at {sides.latency} <= "
        f"{_number(found.budget, sides.unit)}{_space(sides.unit)}\n"
        + _points(sides, [("A", found.dev[0]), ("B", found.dev[1])]),
        f"On the test set\nA {a}\nB {b}\n"
        + table([head, *rows], right=(1, 2, 3, 6, 7, 8)),
    ]


def _latency(sides: Sides) -> str:
    return f"{sides.latency}{_space(sides.unit)}"


def _space(unit: str) -> str:
    return f" {unit}" if unit else ""


def _digits(unit: str) -> int:
    return 1 if unit == "ms" else 2


def _number(value: float, unit: str = "") -> str:
    return f"{value:.{_digits(unit)}f}"
