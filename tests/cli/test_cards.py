"""Corpora that have a card and no reader: shown with the reason, refused with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from s2st_bench.cli import app
from s2st_bench.errors import UsageError
from s2st_bench.registry import PluginWarning, Registry

CARDS = ("audio_ntrex_4l", "btec", "iwslt26_hidden", "seamless_align")
Write = Callable[[str, str], Path]


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_ls_lists_them_with_the_reason() -> None:
    rows = {row["name"]: row for row in json.loads(said("ls", "datasets", "--json"))["datasets"]}
    for name in CARDS:
        assert rows[name]["state"] == "card" and rows[name]["reason"].startswith("no reader, ")
        assert rows[name]["options"] == []
    assert rows["manifest"]["state"] == "ready" and rows["manifest"]["reason"] is None
    lines = [line for line in said("ls", "datasets").splitlines() if "card only" in line]
    assert [line.split()[0] for line in lines] == list(CARDS)
    assert all("no reader, because" in line for line in lines)


@pytest.mark.parametrize("name", CARDS)
def test_show_prints_the_card(name: str) -> None:
    shown = said("show", name)
    assert "card only: no reader, because" in shown and "**No reader:" in shown


@pytest.mark.parametrize("verb", [["check", "btec"], ["run", "system=silent", "dataset=btec"]])
def test_using_one_says_why_not(verb: list[str]) -> None:
    result = CliRunner().invoke(app, verb)
    assert result.exit_code == 2
    assert "dataset=btec is a card only: no reader, because it is licensed" in result.output
    with pytest.raises(UsageError, match="btec is a card only"):
        Registry().get("datasets", "btec").load()


@pytest.mark.parametrize(("table", "says"), [
    ('reason = "none"\ntarget = "a:B"\n', "it has a target and a reason, where one is wanted"),
    ('reason = ""\n', "'reason' must be a text"),
    ("reason = 3\n", "'reason' must be a text"),
])
def test_a_manifest_says_one_of_the_two(write: Write, table: str, says: str) -> None:
    path = write("datasets/x/plugin.toml", f'[[plugin]]\nname = "x"\nsummary = "s"\n{table}')
    with pytest.warns(PluginWarning, match=says):
        assert "x" not in Registry([path.parents[2]]).names("datasets")
