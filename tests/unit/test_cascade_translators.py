"""The cascade's translator: Apertium."""

from __future__ import annotations

import pytest

from s2st_bench.errors import SystemFailure
from s2st_bench.systems.cascade.apertium import Apertium, ApertiumPipe, mode_name

apertium = pytest.mark.skipif(
    Apertium().missing("en", "es") is not None, reason="apertium-eng-spa is not installed"
)

def test_apertium_names_the_package_that_is_missing() -> None:
    assert mode_name("en", "es-MX") == "eng-spa"
    assert "apt-get install apertium-eng-tlh" in (Apertium().missing("en", "tlh") or "")


@apertium
def test_apertium_translates_whatever_it_is_given() -> None:
    pipe = Apertium().open("en", "es")
    try:
        assert pipe.translate("the small dog") == "El perro pequeño"
        assert pipe.translate("") == ""
        for hostile in ("[x] {y} ^z$ @ / \\ <b>", "a\0b\nc", "\x1b[31m", "ß" * 500, "]"):
            assert isinstance(pipe.translate(hostile), str)
        assert pipe.translate("the small dog") == "El perro pequeño"
    finally:
        pipe.close()


@apertium
def test_apertium_is_started_again_after_it_died() -> None:
    pipe = Apertium().open("en", "es")
    try:
        pipe.translate("hello")
        pipe._processes[-1].kill()
        pipe._processes[-1].wait()
        with pytest.raises(SystemFailure, match="Apertium"):
            pipe.translate("hello")
        assert pipe.translate("the small dog") == "El perro pequeño"
    finally:
        pipe.close()


def test_a_program_that_is_not_there_is_a_failure() -> None:
    with pytest.raises(SystemFailure, match="apt-get install apertium"):
        ApertiumPipe([["no-such-program-of-apertium"]]).translate("hello")
