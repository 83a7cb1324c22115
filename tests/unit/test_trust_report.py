"""``trust.json``: kept beside a run, believed only where it fits it, shown on the board."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from s2st_bench import scoring, trace
from s2st_bench.bundle import pack, unpack
from s2st_bench.errors import InputError
from s2st_bench.leaderboards.site import build, read_definition
from s2st_bench.records import encode_run
from s2st_bench.standings.entries import read_entries
from s2st_bench.store import RunFolder
from s2st_bench.trust.marks import MEANING, Mark, ordered
from s2st_bench.trust.report import FILE, TrustReport, read_report, read_trust, signed

MARKS = ordered(Mark(name, "pass", f"seen {name}") for name in MEANING)
FAILING = tuple(replace(m, verdict="fail", evidence="r1: said <b>too early</b>")
                if m.name == "peeking" else m for m in MARKS)


@pytest.fixture
def run(tmp_path: Path, board_runs: ModuleType) -> Path:
    path: Path = board_runs.make_run(tmp_path / "runs" / "mine", board_runs.RunSpec())
    return path


def report(run: Path, marks: tuple[Mark, ...] = MARKS) -> TrustReport:
    record = RunFolder(run).record()
    config = signed(record.config, record.source_lang, record.target_lang)
    return TrustReport(record.system, config, marks, "conference", {"cuts": 10}, 11, 22, 93,
                       "2026-01-02T03:04:05+00:00", "0.1")


def trust_of(run: Path) -> tuple[str, str]:
    trust = read_trust(run, RunFolder(run).record())
    return trust.state, trust.note


def test_what_was_written_is_read(run: Path) -> None:
    made = report(run)
    assert read_report(made.write(run)) == made
    assert trust_of(run) == (
        "checked", "11 recordings, 22 cuts, 93 replays of conference, 2026-01-02")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row["marks"]["canned"].update(verdict="fail"), "was edited or damaged"),
        (lambda row: row.update(signature="0" * 16), "was edited or damaged"),
        (lambda row: row.update(version=9), "not a trust report of version 1"),
        (lambda row: row.pop("digest"), "was edited or damaged"),
    ],
)
def test_an_edited_report_counts_as_none(run: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    path = report(run, FAILING).write(run)
    row = json.loads(path.read_text())
    change(row)
    path.write_text(json.dumps(row))
    with pytest.raises(InputError, match=message):
        read_report(path)
    state, note = trust_of(run)
    assert state == "untested" and message in note and str(run) not in note


@pytest.mark.parametrize("text", ["", "[]", "{" * 5000, '{"version": 1}', "\xff"])
def test_hostile_files_count_as_none(run: Path, text: str) -> None:
    (run / FILE).write_bytes(text.encode("latin-1"))
    assert trust_of(run)[0] == "untested"


def test_marks_of_another_configuration_count_as_none(run: Path) -> None:
    report(run, FAILING).write(run)
    record = RunFolder(run).record()
    other = replace(record, config={**record.config, "chunk_s": 0.64})
    (run / "run.json").write_text(encode_run(other))
    assert trust_of(run) == ("untested", "not tested: trust.json is of another system or "
                             "configuration")


def test_logs_and_controls_are_not_testable(run: Path) -> None:
    record = RunFolder(run).record()
    for changed in (replace(record, config={"converted": True}),
                    replace(record, card={"privileged": True})):
        assert read_trust(run, changed).note.startswith("not testable")


def test_a_failed_mark_takes_the_rank(run: Path, tmp_path: Path, board_runs: ModuleType) -> None:
    other = board_runs.make_run(tmp_path / "runs" / "other", board_runs.RunSpec(system="b"))
    assert read_entries([run])[0].unranked == ""
    report(run, FAILING).write(run)
    entry = read_entries([run])[0]
    assert entry.unranked == entry.unranked_aware == "trust check failed: peeking"
    page = build([run, other], tmp_path / "site")
    text = page.read_text()
    assert "not ranked: trust check failed: peeking" in text
    assert "fails peeking</a>" in text and ">not tested</a>" in text
    assert "r1: said &lt;b&gt;too early&lt;/b&gt;" in text and "<b>too early" not in text
    own = (page.parent / "runs" / f"{_stem(text)}.html").read_text()
    assert 'id="trust"' in own and own.count("<td>pass</td>") == len(MEANING) - 1


def _stem(text: str) -> str:
    found = re.search(r'runs/([\w-]+)\.html#trust">fails', text)
    assert found
    return found[1]


def test_habits_take_no_rank_and_a_board_without_marks_has_no_column(
    run: Path, tmp_path: Path
) -> None:
    assert ">Trust</button>" not in build([run], tmp_path / "a").read_text()
    habit = tuple(replace(m, verdict="fail") if m.name == "babbling" else m for m in MARKS)
    report(run, habit).write(run)
    assert read_entries([run])[0].unranked == ""
    assert "fails babbling</a>" in build([run], tmp_path / "b").read_text()


def test_marks_in_a_bundle_are_a_claim_until_made_here(run: Path, tmp_path: Path) -> None:
    scoring.score_run(run, ["BLEU"])
    report(run, FAILING).write(run)
    into = tmp_path / "in"
    into.mkdir()
    unpack(pack(run, tmp_path / "mine.zip"), into)
    assert not (into / FILE).exists()
    entry = read_entries([into])[0]
    assert entry.trust.state == "claimed" and entry.trust.barred
    assert "claimed by the submitter" in entry.trust.note
    assert "fails peeking, claimed" in build([into], tmp_path / "site").read_text()
    report(into).write(into)
    assert read_entries([into])[0].trust.state == "checked"


def test_disconnects_are_told_where_asked_for(run: Path, tmp_path: Path) -> None:
    assert read_entries([run])[0].heard.disconnects is None
    text = build([run], tmp_path / "a", definition=read_definition("procurement")).read_text()
    assert '<span class="k">disconnects</span> <bdi>n/a</bdi>' in text
    traces = [replace(t, kind="stream", load={"disconnects": 2}) for t in RunFolder(run).traces()]
    (run / "traces.jsonl").write_text("".join(trace.encode(t) + "\n" for t in traces))
    assert read_entries([run])[0].heard.disconnects == 2 * len(traces)
    text = build([run], tmp_path / "b", definition=read_definition("procurement")).read_text()
    assert f'<span class="k">disconnects</span> <bdi>{2 * len(traces)}</bdi>' in text
