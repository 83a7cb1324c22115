"""Areas of the quality-latency plane, worked by hand."""

import pytest

from s2st_bench.curves import (
    Axes,
    Point,
    auc,
    common_bounds,
    frontier,
    hypervolume,
    nose,
    point_of,
)
from s2st_bench.errors import NotComparable, UsageError
from s2st_bench.signature import Signature
from s2st_bench.types import Score

POINTS = [Point(3000, 30), Point(1000, 20), Point(2000, 26)]


def test_area_is_exact_between_any_bounds() -> None:
    assert auc(POINTS, (1000, 3000)).value == pytest.approx((23 + 28) / 2)
    # 23 at 1500, 26 at 2000, 28 at 2500: trapezia 12 250 and 13 500 over 1000 ms
    assert auc(POINTS, (1500, 2500)).value == pytest.approx((12_250 + 13_500) / 1000)
    assert auc(POINTS, (1200, 1400)).value == pytest.approx(21.8)
    assert auc([*POINTS, Point(2000, 10)], (1000, 3000)).value == pytest.approx(25.5)


def test_nothing_is_extrapolated() -> None:
    for bounds in ((999, 3000), (1000, 3001)):
        found = auc(POINTS, bounds)
        assert found.value is None and "the points cover 1000..3000" in found.reason
    assert auc([], (0, 1)).value is nose([], 20, (0, 1)).value is None
    assert auc(POINTS[:1], (3000, 3001)).value is None
    with pytest.raises(UsageError, match="the lower one first"):
        auc(POINTS, (2000, 1000))


def test_nose_of_an_offline_system_is_one() -> None:
    assert nose(POINTS, 34.0, (1000, 3000)).value == pytest.approx(25.5 / 34)
    flat = [Point(1000, 30), Point(3000, 30)]
    assert nose(flat, 30.0, (1200, 2800)).value == pytest.approx(1.0)
    for offline in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="offline quality"):
            nose(POINTS, offline, (1000, 3000))


def test_hypervolume_counts_what_was_run() -> None:
    # 1000..2000 at 20 - 10, 2000..3000 at 26 - 10, 3000..4000 at 30 - 10
    found = hypervolume(POINTS, Point(4000, 10))
    assert found.value == 1000 * 10 + 1000 * 16 + 1000 * 20
    dominated = [*POINTS, Point(2500, 25), Point(5000, 99), Point(1, 9)]
    assert hypervolume(dominated, Point(4000, 10)).value == found.value
    assert hypervolume([], Point(4000, 10)).value == 0
    assert frontier(dominated)[1:] == (*sorted(POINTS, key=lambda p: p.latency), Point(5000, 99))


def test_signatures_hold_bounds_and_reference_point() -> None:
    axes = Axes("LongYAAL_CA", "COMET")
    for found, parts in (
        (auc(POINTS, (1000, 3000), axes), {"metric": "AUC", "bounds": "1000..3000"}),
        (nose(POINTS, 31.5, (1000, 3000), axes), {"metric": "NoSE", "offline": "31.5"}),
        (hypervolume(POINTS, Point(4000, 0), axes), {"reference": "4000,0", "points": "3"}),
    ):
        read = dict(Signature.parse(found.signature.short()).fields)
        assert read.items() >= {**parts, "latency": "LongYAAL_CA", "quality": "COMET"}.items()


def test_bounds_that_all_systems_cover() -> None:
    assert common_bounds([POINTS, [Point(500, 1), Point(2500, 2)]]) == (1000, 2500)
    assert common_bounds([POINTS, [Point(4000, 1)]]) is common_bounds([]) is None


def test_a_point_is_of_a_run() -> None:
    def made(metric, value, higher, reason=""):
        return Score(metric, value, "", None, 1, 1, 1, None, "", higher, reason)

    scores = [made("LAAL", 1500.0, False), made("BLEU", 25.0, True),
              made("YAAL", None, False, "no output")]
    assert point_of(scores, Axes()) == Point(1500, 25)
    with pytest.raises(NotComparable, match=r"YAAL has no value \(no output\)"):
        point_of(scores, Axes("YAAL"))
    with pytest.raises(NotComparable, match="COMET was not computed"):
        point_of(scores, Axes(quality="COMET"))
    with pytest.raises(UsageError, match="higher must be better"):
        point_of(scores, Axes("LAAL", "LAAL"))
    with pytest.raises(UsageError, match="must be finite"):
        Point(float("nan"), 1)
