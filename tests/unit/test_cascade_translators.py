"""The cascade's translators: phrase tables and Apertium."""

from __future__ import annotations

from pathlib import Path

import pytest

from s2st_bench.errors import InputError, SystemFailure
from s2st_bench.systems.cascade.apertium import Apertium, ApertiumPipe, mode_name
from s2st_bench.systems.cascade.phrase_table.build import build
from s2st_bench.systems.cascade.phrases import PhraseTables, decode, read_table

apertium = pytest.mark.skipif(
    Apertium().missing("en", "es") is not None, reason="apertium-eng-spa is not installed"
)

ENTRIES = {
    ("", "we"): ("wir",),
    ("", "the talk"): ("den", "Vortrag"),
    ("", "have postponed"): ("haben", "~", "verschoben"),
    ("sub", "have postponed"): ("~", "verschoben", "haben"),
    ("", "because"): (",", "weil"),
    ("", "it"): ("er",),
    ("", "ends"): ("endet",),
}


def translated(text: str) -> str:
    said, waiting = decode(text.split(), ENTRIES)
    return " ".join([*said, *waiting])


def test_the_verb_waits_for_the_end_of_its_clause() -> None:
    assert translated("we have postponed the talk") == "wir haben den Vortrag verschoben"
    assert translated("we have postponed the talk because it ends") == (
        "wir haben den Vortrag verschoben , weil er endet")


def test_subordinate_clauses_have_their_own_entries() -> None:
    assert translated("it ends because we have postponed the talk") == (
        "er endet , weil wir den Vortrag verschoben haben")


def test_unknown_words_are_passed_through() -> None:
    assert translated("we quux the talk") == "wir quux den Vortrag"
    assert translated("") == ""


def test_a_table_is_built_from_aligned_sentences() -> None:
    pairs = [
        ("We have postponed the talk.", "Wir haben den Vortrag verschoben.",
         ((0, 0), (1, 1), (1, 4), (2, 1), (2, 4), (3, 2), (4, 3))),
        ("We have postponed the break.", "Wir haben die Pause verschoben.",
         ((0, 0), (1, 1), (1, 4), (2, 1), (2, 4), (3, 2), (4, 3))),
    ] * 4
    entries = build(pairs)
    assert entries["", "have postponed"] == ("haben", "~", "verschoben")
    said, waiting = decode("we have postponed the break".split(), entries)
    assert [*said, *waiting] == ["wir", "haben", "die", "Pause", "verschoben"]
    assert all("~" not in target for target in build(pairs, gaps=False).values())


@pytest.mark.parametrize(("source", "target", "text", "wanted"), [
    ("en", "de", "the talk begins at ten o'clock", "der Vortrag beginnt um zehn Uhr"),
    ("en", "es", "the talk begins", "la charla empieza"),
    ("de", "en", "der vortrag beginnt", "the talk begins"),
    ("en-GB", "de-AT", "the talk", "der Vortrag"),
])
def test_the_tables_that_come_along(source: str, target: str, text: str, wanted: str) -> None:
    assert PhraseTables().open(source, target).translate(text) == wanted


def test_a_missing_pair_names_those_there_are() -> None:
    assert "only de-en, de-es, en-de, en-es" in (PhraseTables().missing("en", "fi") or "")
    with pytest.raises(SystemFailure, match="en-fi"):
        PhraseTables().open("en", "fi")


def test_a_damaged_table_is_named_by_line(tmp_path: Path) -> None:
    table = tmp_path / "xx-yy.tsv"
    table.write_text("# head\n\ta\tb\nbroken\n")
    with pytest.raises(InputError, match=r"xx-yy\.tsv:3"):
        read_table(table)
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path / "none.tsv")


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
