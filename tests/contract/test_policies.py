"""What every READ/WRITE rule must hold to."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import s2st_bench.policy
from s2st_bench.errors import ConfigError, InputError
from s2st_bench.policy import (
    Gate,
    Hypothesis,
    Rule,
    Stability,
    State,
    Unit,
    make_gate,
    make_stability,
    rules,
)

RULES = rules()
EVIDENCE: dict[str, Any] = {
    "p_choose": np.full((2, 2), 0.1), "ctc": (0, 0), "due": 9,
    "attention": np.full((3, 4), 0.25), "beams": (("a", "b", "c"),),
}
BAD = [
    ("wait_k", {"k": 0}), ("multipath_wait_k", {"k": 0}), ("catch_up", {"k": 0}),
    ("catch_up", {"c": 1.0}), ("wait_k_stride", {"n": 0}), ("wait_k_speech", {"ratio": 0}),
    ("mma_hard", {"threshold": 0.0}), ("mma_il", {"threshold": 1.5}),
    ("emma", {"threshold": -0.1}), ("emma", {"reduce": "max"}), ("emma", {"start_layer": -1}),
    ("emma", {"max_consecutive_write": 0}), ("streamspeech", {"n": 0}),
    ("streamspeech", {"k1": -1}), ("echostream", {"n2": 0}), ("echostream", {"k1": -1}),
    ("fixed_rate", {"rate": 0.0}),
    ("fixed_rate", {"rate": float("inf")}), ("fixed_rate", {"wait": -1}), ("random", {"p": 1.1}),
    ("random", {"p": float("nan")}), ("random", {"seed": -1}), ("local_agreement", {"n": 0}),
    ("local_agreement", {"hold": -1}), ("hold", {"n": -1}), ("shared_prefix", {"n": 0}),
    ("alignatt", {"f": -1}), ("alignatt", {"drop_last": -1}), ("edatt", {"alpha": -0.1}),
    ("edatt", {"frames": 0}), ("edatt", {"drop_last": -1}), ("wait_k", {"unit": "letter"}),
]  # fmt: skip


def make(name: str, params: dict[str, Any] | None = None) -> Rule:
    if issubclass(RULES[name], Gate):
        return make_gate(name, params)
    return make_stability(name, params)


@pytest.mark.parametrize("name", RULES)
def test_says_what_it_is(name: str) -> None:
    rule = make(name)
    cls = RULES[name]
    evidence = State if isinstance(rule, Gate) else Hypothesis
    assert re.fullmatch(r"[a-z_]+", name) and rule.name == name
    assert cls.source and cls.__doc__ and not cls.__doc__.startswith(f"{cls.__name__}(")
    assert rule.needs <= {f.name for f in dataclasses.fields(evidence) if f.default is None}
    assert rule.unit in get_args(Unit) and cls.unit in get_args(Unit)
    assert str(rule).startswith(f"{name}(")


@pytest.mark.parametrize("name", RULES)
def test_fresh_is_as_made(name: str) -> None:
    rule = make(name)
    assert rule.parameters() == rule.fresh().parameters() == make(name).parameters()
    assert type(rule)(**rule.parameters()) == rule.fresh()


@pytest.mark.parametrize("name", RULES)
def test_opens_at_the_end_of_the_source_whatever_the_model_says(name: str) -> None:
    rule = make(name)
    if isinstance(rule, Gate):
        assert rule.may_write(State(3, 7, source_done=True))
        assert rule.may_write(State(0, 0, source_done=True))
    else:
        assert isinstance(rule, Stability)
        assert rule.stable(Hypothesis(("a", "b")), 1, source_done=True) == 2
        assert rule.stable(Hypothesis(()), 1, source_done=True) == 1


@pytest.mark.parametrize("name", [name for name, cls in RULES.items() if cls.needs])
def test_what_it_needs_and_lacks_is_named(name: str) -> None:
    rule = make(name)
    with pytest.raises(InputError, match=rf"^{name} decides by {min(rule.needs)}: give "):
        if isinstance(rule, Gate):
            rule.may_write(State(1, 0))
        else:
            assert isinstance(rule, Stability)
            rule.stable(Hypothesis(("a",)))


@pytest.mark.parametrize("name", [n for n, cls in RULES.items() if issubclass(cls, Stability)])
def test_never_fewer_than_were_committed(name: str) -> None:
    rule = make_stability(name)
    given = {need: EVIDENCE[need] for need in rule.needs}
    hypothesis = Hypothesis(("a", "b", "c"), **given)
    for committed in (0, 1, 3, 5):
        count = rule.stable(hypothesis, committed)
        assert committed <= count <= max(3, committed)


@pytest.mark.parametrize(("name", "params"), BAD)
def test_impossible_parameters_are_refused(name: str, params: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"{name}|policy\.{next(iter(params))}"):
        make(name, params)


def test_every_rule_with_a_range_is_tried() -> None:
    assert {name for name, _ in BAD} == set(RULES) - {"eager", "offline", "oracle"}


def test_names_and_parameters_are_checked_as_options() -> None:
    with pytest.raises(ConfigError, match="Did you mean system.policy=wait_k "):
        make_gate("waitk", where="system.policy")
    with pytest.raises(ConfigError, match="policy=nothing: no such stability rule. Known: align"):
        make_stability("nothing")
    with pytest.raises(ConfigError, match="policy=hold: no such gate"):
        make_gate("hold")
    with pytest.raises(ConfigError, match="policy.k: expected a whole number, not 'three'"):
        make_gate("wait_k", {"k": "three"})
    with pytest.raises(ConfigError, match="policy.kk: no such option. Did you mean policy.k=3"):
        make_gate("wait_k", {"kk": 3})


def test_the_readme_has_a_row_for_every_rule() -> None:
    readme = Path(s2st_bench.policy.__file__).with_name("README.md").read_text("utf-8")
    listed = [name for row in re.findall(r"^\| (`[^|]+) \|", readme, re.M)
              for name in re.findall(r"`(\w+)`", row)]
    assert sorted(listed) == sorted(RULES)
