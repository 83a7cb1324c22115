"""A named sweep is overrides in a file; those that come along name what there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from s2st_bench.compose import compose, multirun
from s2st_bench.config import RunConfig
from s2st_bench.errors import ConfigError
from s2st_bench.registry import Registry
from s2st_bench.sweeps import expand

Write = Callable[[str, str], Path]
SHIPPED = Registry().groups()["sweep"]


def test_what_is_given_beside_a_sweep_counts_more(write: Write) -> None:
    path = write("s.yaml", "system: x\nsystem.k: 1,2\nout: runs/x\n")
    assert expand(["system.k=7", "sweep=s", "+system.new=1"], {"s": path}) == [
        "system=x", "out=runs/x", "system.k=7", "+system.new=1"
    ]
    assert expand(["sweep=s"], {}) == ["sweep=s"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("- a\n", "expected a mapping"), ("a: [1, 2]\n", "a: expected a value as it would be typed"),
     ("a: {b: 1}\n", "expected a value"), ("{", "while parsing"), ("1: 2\n", "1: expected")],
)
def test_damaged_sweeps(write: Write, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        expand(["sweep=s"], {"s": write("s.yaml", text)})


def test_mistakes_are_named() -> None:
    with pytest.raises(ConfigError, match=r"sweep=wait: no such sweep. Did you mean sweep=wait_k"):
        compose(["sweep=wait"])
    with pytest.raises(ConfigError, match="needs -m"):
        compose(["sweep=interpreter"])


@pytest.mark.parametrize("name", SHIPPED)
def test_those_that_come_along_name_systems_and_their_options(name: str) -> None:
    rows = yaml.safe_load(SHIPPED[name].read_text("utf-8"))
    config = yaml.safe_load(Registry().options("systems")[rows["system"]].read_text("utf-8"))
    swept = [key for key, value in rows.items() if "," in str(value)]
    assert swept and all(key.removeprefix("system.") in config for key in swept)
    assert rows["out"] == f"runs/{name}"


def test_a_sweep_gives_a_configuration_a_point() -> None:
    found: list[RunConfig] = []
    multirun(found.append, ["sweep=interpreter", "system.lag_s=1,2", "dataset.every=10"])
    assert [config.system.params["lag_s"] for config in found] == [1, 2]
    assert {str(config.out) for config in found} == {"runs/interpreter"}
    assert {config.target_lang for config in found} == {"en"}
