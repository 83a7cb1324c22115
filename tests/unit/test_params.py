"""Values against annotations: what is read, what is refused, and with which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from s2st_bench.errors import ConfigError
from s2st_bench.params import check, coerce, construct


class Part:
    """Something that is built from a mapping."""

    def __init__(self, size: int = 1) -> None:
        self.size = size


class WaitK:
    def __init__(
        self, *, k: int = 3, lag_s: float = 0.5, greedy: bool = False, text: str = "",
        unit: Literal["word", "char"] = "word", path: Path | None = None,
        names: Sequence[str] = (), sizes: list[int] | None = None, inner: Part | None = None,
        args: Mapping[str, Any] | None = None, either: int | str = 0,
    ) -> None:
        if k < 1:
            raise ValueError("k must be at least 1")
        self.given = {key: value for key, value in locals().items() if key != "self"}


class Needy:
    def __init__(self, path: Path) -> None:
        self.path = path


@dataclass(frozen=True)
class Point:
    x: int
    y: int = 0


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("k", 5, 5),
        ("lag_s", 2, 2.0),
        ("greedy", True, True),
        ("text", 12, "12"),
        ("unit", "char", "char"),
        ("path", "a/b.tsv", Path("a/b.tsv")),
        ("path", None, None),
        ("names", ["a", "b"], ("a", "b")),
        ("sizes", [1, 2], [1, 2]),
        ("args", {"a": 1}, {"a": 1}),
        ("either", "3", "3"),
        ("either", 3, 3),
    ],
)
def test_reads_what_the_annotation_admits(key: str, value: object, expected: object) -> None:
    read = construct(WaitK, {key: value}).given[key]
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("k", "three", "system.k: expected a whole number, not 'three'"),
        ("k", 2.5, "system.k: expected a whole number, not 2.5"),
        ("k", True, "system.k: expected a whole number, not True"),
        ("lag_s", "fast", "system.lag_s: expected a number, not 'fast'"),
        ("lag_s", float("nan"), "system.lag_s: expected a number, not nan"),
        ("greedy", 1, "system.greedy: expected true or false, not 1"),
        ("text", ["a"], "system.text: expected a text"),
        ("unit", "chars", "system.unit: expected one of word, char, not 'chars'. "
                          "Did you mean system.unit=char ?"),
        ("path", 7, "system.path: expected a path, not 7"),
        ("names", "a,b", r"system.names: expected a list \[a text, …\], not 'a,b'"),
        ("sizes", [1, "x"], r"system.sizes\[1\]: expected a whole number, not 'x'"),
        ("args", [1], "system.args: expected a mapping"),
        ("either", 1.5, "system.either: expected a whole number or a text, not 1.5"),
        ("inner", 3, "system.inner: expected Part"),
        ("kk", 3, "system.kk: no such option. Did you mean system.k=3 ?"),
        ("zzz", 3, "system.zzz: no such option. Known: system.k, system.lag_s"),
        ("k", 0, "system: k must be at least 1"),
    ],
)
def test_refuses_the_rest_in_one_line(key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        construct(WaitK, {key: value})
    assert "\n" not in str(caught.value)


def test_missing_parameter_is_named_with_what_to_give() -> None:
    with pytest.raises(ConfigError, match="dataset.path is missing: give dataset.path=A_PATH"):
        construct(Needy, {}, "dataset")


def test_nested_part_is_built_by_the_caller() -> None:
    def build(base: type, config: Mapping[str, Any], where: str) -> object:
        assert where == "system.inner"
        return construct(base, config, where)

    assert construct(WaitK, {"inner": {"size": 4}}, build=build).given["inner"].size == 4
    with pytest.raises(ConfigError, match="system.inner.size: expected a whole number"):
        construct(WaitK, {"inner": {"size": "x"}}, build=build)


def test_check_converts_without_constructing() -> None:
    assert check(WaitK, {"k": 0, "lag_s": 1}) == {"k": 0, "lag_s": 1.0}


def test_dataclasses_and_tuples() -> None:
    assert coerce({"x": 1}, Point, "p") == Point(1)
    assert coerce([1, 2.5], tuple[int, float], "t") == (1, 2.5)
    with pytest.raises(ConfigError, match="t: expected 2 values, not 1"):
        coerce([1], tuple[int, float], "t")
    with pytest.raises(ConfigError, match="p.x: expected a whole number"):
        coerce({"x": "1"}, Point, "p")


def test_open_constructors_take_anything() -> None:
    class Open:
        def __init__(self, k: int = 1, **rest: object) -> None:
            self.rest = rest

    assert construct(Open, {"k": 2, "other": "x"}).rest == {"other": "x"}


def test_of_several_readings_the_part_that_was_built_says_what_is_wrong() -> None:
    def build(base: type, config: Mapping[str, Any], where: str) -> Any:
        return construct(Part, {k: v for k, v in config.items() if k != "name"}, where)

    one_or_many = Part | Sequence[Part]
    assert coerce({"size": 2}, one_or_many, "mt", build=build).size == 2
    with pytest.raises(ConfigError, match=r"^mt\.size: expected a whole number"):
        coerce({"size": "x"}, one_or_many, "mt", build=build)
    with pytest.raises(ConfigError, match=r"^mt\[1\]\.size: expected a whole number"):
        coerce([{"size": 1}, {"size": "x"}], one_or_many, "mt", build=build)
    with pytest.raises(ConfigError, match="^mt: expected Part or a list"):
        coerce(3, one_or_many, "mt", build=build)
