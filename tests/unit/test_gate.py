"""Verdicts of the gate: closed cases, what may not be compared, and hostile baselines."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.errors import ConfigError, InputError
from s2st_bench.gate.decide import Decision, Verdict, decide
from s2st_bench.gate.evidence import Evidence, Measured, read, store
from s2st_bench.gate.rules import Margin, Rules, load, parse

N = 40


def mean_of(values: np.ndarray, higher: bool | None = True, unit: str = "") -> Measured:
    """A mean over one item a cluster."""
    n = len(values)
    total = float(values.sum())
    return Measured(total / n, unit, higher, n, n, f"metric:M|corpus:f00d|unit:{unit}", "",
                    (1,) * n, tuple(((total - values) / (n - 1)).tolist()))


def evidence(**metrics: Measured) -> Evidence:
    return Evidence("run", "sys", "corpus", "f00d", "en", "de", "simulated", "CPU x2", "finished",
                    N, (), 0, tuple(f"r{i}" for i in range(N)), metrics)


def rules(alpha: float = 0.01, **margins: float) -> Rules:
    return Rules({name: Margin(amount) for name, amount in margins.items()}, {}, alpha)


def one(decision: Decision) -> Verdict:
    (verdict,) = decision.verdicts
    return verdict


NOISE = np.random.default_rng(0).normal(0, 1, N)


def test_the_same_outputs_pass() -> None:
    same = evidence(M=mean_of(NOISE))
    found = one(decide(same, same, rules(M=0.0)))
    assert found.outcome == "pass" and found.ci95 == (0.0, 0.0)


@pytest.mark.parametrize("higher, sign", [(True, -1.0), (False, 1.0)])
def test_a_clear_loss_is_a_regression_and_a_clear_gain_is_not(higher: bool, sign: float) -> None:
    before = evidence(M=mean_of(30 + NOISE, higher))
    worse = evidence(M=mean_of(30 + NOISE[::-1] + sign * 5, higher))
    found = decide(worse, before, rules(M=1.0))
    assert found.outcome == "regression" and found.exit_code == 1
    assert decide(before, worse, rules(M=1.0)).exit_code == 0
    # a loss within the margin is none
    assert decide(worse, before, rules(M=9.0)).outcome == "pass"


def test_interval_and_detectable_loss_are_those_of_paired_means() -> None:
    """For a mean the jackknife is the textbook's standard error of paired differences."""
    other = NOISE + np.random.default_rng(1).normal(-0.3, 2, N)
    found = one(decide(evidence(M=mean_of(other)), evidence(M=mean_of(NOISE)), rules(M=0.1)))
    error = float((other - NOISE).std(ddof=1) / np.sqrt(N))
    assert found.outcome == "inconclusive"
    t95, t99, t80 = 2.02269, 2.42584, 0.85070  # Student's t, 39 degrees: 97.5, 99 and 80 %
    difference = float((other - NOISE).mean())
    assert found.ci95 == pytest.approx((difference - t95 * error, difference + t95 * error), 1e-4)
    assert found.detectable == pytest.approx((t99 + t80) * error, 1e-4)


def test_the_error_is_shared_by_all_gated_metrics() -> None:
    """A loss found alone may not be found among twenty."""
    before = evidence(**{f"M{i}": mean_of(NOISE) for i in range(20)})
    shift = np.where(np.arange(N) % 2, 3.0, -1.2)  # mean 0.9, a t of about 2.7
    after = replace(before, metrics={**before.metrics, "M0": mean_of(NOISE - shift)})
    assert decide(after, before, rules(M0=0.1)).outcome == "regression"
    many = decide(after, before, rules(**{f"M{i}": 0.1 for i in range(20)}))
    assert many.verdicts[0].outcome == "inconclusive"


def test_a_margin_may_be_a_share_of_the_baseline() -> None:
    before = evidence(M=mean_of(1000 + NOISE, higher=False, unit="ms"))
    after = evidence(M=mean_of(1060 + NOISE, higher=False, unit="ms"))
    assert decide(after, before, Rules({"M": Margin(0.05, True)})).outcome == "regression"
    assert decide(after, before, Rules({"M": Margin(0.08, True)})).outcome == "pass"


@pytest.mark.parametrize("change, said", [
    ({"fingerprint": "beef"}, "corpus beef of the run, f00d of the baseline"),
    ({"clock": "realtime"}, "clock realtime"),
    ({"target_lang": "es"}, "target lang es"),
    ({"metrics": {"M": replace(mean_of(NOISE), signature="metric:M|tok:zh|corpus:f00d")}},
     "made in two ways"),
    ({"metrics": {"M": replace(mean_of(NOISE), n_items=(), without=())}}, "no function of sums"),
    ({"metrics": {"M": replace(mean_of(NOISE), value=None, reason="all silent")}}, "all silent"),
    ({"metrics": {}}, "was not scored by it"),
])
def test_what_cannot_be_compared_says_why(change: dict[str, object], said: str) -> None:
    before = evidence(M=mean_of(NOISE))
    found = decide(replace(before, **change), before, rules(M=1.0))  # type: ignore[arg-type]
    assert found.exit_code == 2 and said in one(found).reason


def test_another_host_or_a_shared_one_refuses_what_was_measured_only() -> None:
    before = evidence(M=mean_of(NOISE), M_CA=mean_of(NOISE), RTF=mean_of(NOISE))
    for change in ({"host": "GPU x64"}, {"n_disturbed": 3}, {"host": ""}):
        found = decide(replace(before, **change), before,  # type: ignore[arg-type]
                       rules(M=1.0, M_CA=1.0, RTF=1.0))
        assert [v.outcome for v in found.verdicts] == ["pass", "cannot compare", "cannot compare"]
        assert found.exit_code == 2


def test_missing_recordings_are_a_failure() -> None:
    before = evidence(M=mean_of(NOISE))
    failed = decide(replace(before, failed=("r1", "r2", "r3", "r4")), before, rules(M=1.0))
    assert failed.exit_code == 1 and "r1, r2, r3 and 1 more" in failed.verdicts[0].reason
    fewer = decide(replace(before, n_recordings=39), before, rules(M=1.0))
    assert fewer.exit_code == 1
    known = replace(before, failed=("r1",))
    assert decide(known, known, rules(M=1.0)).exit_code == 0


def test_limits_hold_without_regard_to_the_baseline() -> None:
    run = evidence(M=mean_of(NOISE + 10), L=mean_of(NOISE + 500, False, "ms"))
    limits = Rules({"M": Margin(1.0)}, {"M": 5.0, "L": 400.0, "X": 1.0})
    outcomes = {v.name: v.outcome for v in decide(run, run, limits).verdicts}
    assert outcomes == {"M": "pass", "M limit": "pass", "L limit": "failed", "X limit": "failed"}


@pytest.mark.parametrize("n, outcome", [(4, "inconclusive"), (8, "regression")])
def test_a_few_recordings_that_differ_alike_prove_nothing(n: int, outcome: str) -> None:
    few = [replace(evidence(M=mean_of(np.full(n, value), higher=False, unit="ms")),
                   clusters=tuple(f"r{i}" for i in range(n))) for value in (1320.0, 1000.0)]
    assert one(decide(few[0], few[1], rules(M=100.0))).outcome == outcome


def test_a_single_cluster_tells_nothing() -> None:
    few = replace(evidence(M=replace(mean_of(NOISE), n_items=(5,), without=(0.0,))),
                  clusters=("talk",))
    assert decide(few, few, rules(M=1.0)).exit_code == 3


@given(st.lists(st.floats(-50, 50), min_size=N, max_size=N), st.floats(0, 5))
def test_a_gain_is_never_a_regression(shift: list[float], margin: float) -> None:
    gain = np.abs(np.array(shift))
    found = decide(evidence(M=mean_of(NOISE + gain)), evidence(M=mean_of(NOISE)), rules(M=margin))
    assert found.outcome in ("pass", "inconclusive")


def test_a_stored_baseline_is_the_run_it_was_made_of(tmp_path: Path) -> None:
    run = evidence(M=mean_of(NOISE), L=mean_of(NOISE, None))
    store(run, tmp_path / "b.json")
    assert read(tmp_path / "b.json") == replace(run, source=str(tmp_path / "b.json"))


@pytest.mark.parametrize("text", [
    "", "[]", "{}", "[" * 100_000,
    '{"version": 2}', '{"version": 1, "metrics": []}', "\x00\x01", '{"version": 1}',
])
def test_a_damaged_baseline_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(InputError, match="b.json"):
        read(path)


@pytest.mark.parametrize("damage", [
    lambda row: row["metrics"]["M"]["without"].pop(),
    lambda row: row["metrics"]["M"].update(value="much"),
    lambda row: row["metrics"]["M"].update(other=1),
    lambda row: row.update(clusters=None),
    lambda row: row.update(n_recordings=None),
    lambda row: row.update(n_disturbed="many"),
    lambda row: row.update(clock=3),
])
def test_a_damaged_metric_is_refused(damage: object, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    store(evidence(M=mean_of(NOISE)), path)
    row = json.loads(path.read_text())
    damage(row)  # type: ignore[operator]
    path.write_text(json.dumps(row))
    with pytest.raises(InputError, match="store it again"):
        read(path)


@pytest.mark.parametrize("row, said", [
    ([], "a mapping"), ({}, "gates nothing"), ({"margin": {}}, "'margin' is not known"),
    ({"margins": {"BLEU": "much"}}, "margins.BLEU=much: a number"),
    ({"margins": {"BLEU": -1}}, "not negative"), ({"margins": {"BLEU": True}}, "a number"),
    ({"margins": {"BLEU": 1}, "alpha": 2}, "between 0 and 0.5"),
    ({"margins": [1]}, "maps metrics"), ({"limits": {"L": float("nan")}}, "a number"),
])
def test_rules_that_make_no_sense(row: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse(row, "mine.yaml")


def test_shipped_rules_and_those_of_a_file(tmp_path: Path) -> None:
    assert load().margins["BLEU"] == Margin(1.0) and load().alpha == 0.01
    path = tmp_path / "mine.yaml"
    path.write_text("margins: {LAAL: 5%}\nlimits: {RTF: 1}\n")
    mine = load(str(path))
    assert str(mine.margins["LAAL"]) == "5%" and mine.only(["RTF"]).margins == {}
    with pytest.raises(ConfigError, match="no rule gates it"):
        mine.only(["BLEU"])
    for name in ("nothing", str(tmp_path / "gone.yaml")):
        with pytest.raises(ConfigError, match="shipped rules: default"):
            load(name)
