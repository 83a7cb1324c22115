"""``s2st-bench check``, and what a run makes of a damaged corpus."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import corpus_damage as damage
from s2st_bench.cli import app
from s2st_bench.corpora.fixtures import make
from s2st_bench.store import RunFolder

TEXT = Path("en-de/data/tst-COMMON/txt")


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def mustc(tmp_path: Path) -> Path:
    pytest.importorskip("espeakng_loader", reason="fixtures are spoken: pip install …[cascade]")
    make("mustc", tmp_path / "mustc")
    return tmp_path / "mustc"


def check(path: Path, *more: str) -> Result:
    return call("check", "mustc", f"dataset.path={path}", "dataset.pair=en-de",
                "dataset.split=tst-COMMON", *more)


def test_clean_is_0_damage_1_usage_2(mustc: Path) -> None:
    done = check(mustc)
    assert (done.exit_code, done.stdout) == (0, "mustc: clean\n")
    damage.edit(mustc / TEXT / "tst-COMMON.de", 2, lambda text: f"{text}\u2028")
    damage.edit(mustc / TEXT / "tst-COMMON.de", 3, lambda text: f"x\u2028{text}")
    done = check(mustc)
    assert done.exit_code == 0
    assert f"{mustc / TEXT}/tst-COMMON.de:3: note: U+2028 inside" in done.stdout
    assert done.stdout.endswith("mustc: 0 errors that make numbers wrong, 1 note\n")
    damage.edit(mustc / TEXT / "tst-COMMON.de", 4, lambda _: "")
    done = check(mustc)
    assert done.exit_code == 1
    assert (f"{mustc / TEXT}/tst-COMMON.de:4: error: segment ted_1102-1 has an empty reference "
            "(de) [empty-reference]; restore the line") in done.stdout
    for wrong in (["target_lang=es"], ["dataset.splt=dev"], ["dataset.split=x"], ["system=oracle"],
                  ["dataset.limit=0"], ["dataset.form=wide"]):
        done = check(mustc, *wrong)
        assert done.exit_code == 2 and done.stderr.startswith("error: "), wrong
        assert "Traceback" not in done.output
    assert call("check", "must").exit_code == 2


def test_json(mustc: Path) -> None:
    damage.drop(mustc / TEXT / "tst-COMMON.de", 6)
    done = check(mustc, "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["errors"], told["notes"]) == (1, 1, 0)
    (found,) = told["findings"]
    assert (found["kind"], found["severity"], found["line"]) == ("counts-differ", "error", 6)
    assert found["file"] == str(mustc / TEXT / "tst-COMMON.de")


def test_many_of_a_kind_are_cut_short(mustc: Path) -> None:
    text = mustc / "en-de/data/dev/txt"
    entry = (text / "dev.yaml").read_text().splitlines()[0]
    (text / "dev.yaml").write_text(f"{entry}\n" * 50)
    (text / "dev.en").write_text("Thank you very much.\n" * 50)
    (text / "dev.de").write_text("\n" * 50)
    done = call("check", "mustc", f"dataset.path={mustc}", "dataset.split=dev")
    assert done.stdout.count("[empty-reference]") == 20
    assert "error: empty-reference: 30 more (--all prints them)" in done.stdout
    done = call("check", "mustc", f"dataset.path={mustc}", "dataset.split=dev", "--all")
    assert done.stdout.count("[empty-reference]") == 50


def test_a_run_refuses_damage_or_records_what_it_left_out(mustc: Path, tmp_path: Path) -> None:
    damage.edit(mustc / TEXT / "tst-COMMON.de", 4, lambda _: "")
    run = ["run", "system=silent", "dataset=mustc", f"dataset.path={mustc}", "dataset.pair=en-de",
           "clock=ideal", "metrics=BLEU", f"out={tmp_path}", "name=r"]
    done = call(*run)
    assert done.exit_code == 2
    assert "tst-COMMON.de, line 4: segment ted_1102-1 has an empty reference" in done.stderr
    assert "s2st-bench check mustc" in done.stderr
    done = call(*run, "dataset.skip_damaged=true")
    assert done.exit_code == 0, done.output
    record = RunFolder(tmp_path / "r").record()
    assert record.n_recordings == 5 and record.corpus_card["licence"] == "CC BY-NC-ND 4.0"
    left_out = record.corpus_card["left_out"]
    assert left_out["recordings"] == 1 and left_out["reasons"] == {"empty-reference": 1}
    assert "line 4" in left_out["first"]["ted_1102-1"]
    assert "1 left out as damaged" in call("show", tmp_path / "r").stdout
    assert call("board", tmp_path / "r", "--out", tmp_path / "site").exit_code == 0
    page = next((tmp_path / "site" / "runs").glob("*.html")).read_text()
    assert "left out as damaged</span> 1 (empty-reference 1)" in page
    index = (tmp_path / "site" / "index.html").read_text()
    assert "5 (1 more left out as damaged)" in index and record.fingerprint in index


@pytest.mark.parametrize(("name", "form"), [("mustc", "long"), ("simul_mustc", "short")])
def test_the_oracle_says_the_references(name: str, form: str, tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="fixtures are spoken: pip install …[cascade]")
    options = make(name, tmp_path / name)
    done = call("run", "system=oracle", f"dataset={name}", f"dataset.form={form}", "clock=ideal",
                "metrics=BLEU", f"out={tmp_path}", "name=r",
                *(f"{'' if key.endswith('_lang') else 'dataset.'}{key}={value}"
                  for key, value in options.items()))
    assert done.exit_code == 0, done.output
    (row,) = RunFolder(tmp_path / "r").scores()["corpus"]
    assert row["value"] == pytest.approx(100) and row["n_clusters"] == 2
