"""`convert` and `certify` on logs of every format, through the command line."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from s2st_bench.cli import app

LOGS = Path(__file__).parents[2].parent / "shared" / "logs"


def call(*args: object):
    return CliRunner().invoke(app, [*map(str, args)])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rows = [{"model_loading_time": 2.5}]
    for number in range(3):
        rows.append({"id": number, "metadata": {"wav_name": f"a/talk{number}.wav"}})
        rows += [{"id": number, "total_audio_processed": float(i), "computation_time": 0.5,
                  "generated_tokens": new, "deleted_tokens": old}
                 for i, (new, old) in enumerate([(["▁das", "▁i", "st"], []), ([], []),
                                                 (["▁war", "▁gut"], ["▁i", "st"])], 1)]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def reference_files(tmp_path: Path) -> list[object]:
    rows = [{"wav": f"talk{number}.wav", "offset": i * 1.5, "duration": 1.5 + i}
            for number in range(3) for i in range(2)]
    (tmp_path / "segments.json").write_text(json.dumps(rows))
    (tmp_path / "references.txt").write_text("das war\ngut\n" * 3)
    return ["--segments", tmp_path / "segments.json", "--references", tmp_path / "references.txt"]


@pytest.mark.parametrize("to, files", [
    ("simulstream", ["metrics.jsonl", "eval.yaml", "segments.yaml", "references.txt"]),
    ("omnisteval", ["hypotheses.jsonl", "segments.yaml", "references.txt"]),
    ("simuleval", ["instances.log", "config.yaml"]),
    ("resegmented", ["instances.resegmented.jsonl"]),
    ("trace", ["traces.jsonl"]),
    ("sltev", [f"talk{i}.und.de.slt" for i in range(3)]),
    ("run", [""]),
])
def test_every_format_is_written_and_scored_again(
    log: Path, reference_files: list[object], tmp_path: Path, to: str, files: list[str]
) -> None:
    out = tmp_path / "out"
    done = call("convert", log, "--to", to, "--out", out, "--target-lang", "de", *reference_files)
    assert done.exit_code == 0, done.output
    assert done.stdout.split() == [str(out / name) if name else str(out) for name in files]
    scored = call("score", out, "--metrics", "FirstOutput", "--json", "-")
    assert scored.exit_code == 0, scored.output
    (row,) = json.loads(scored.stdout)["corpus"]
    assert row["n_scored"] == (6 if to in ("run", "resegmented") else 3)
    again = call("convert", log, "--to", to, "--out", out)
    assert again.exit_code == 2 and "is there already" in again.stderr


def test_a_file_is_the_log_alone(log: Path, tmp_path: Path) -> None:
    done = call("convert", log, "--to", "simulstream", "--out", tmp_path / "x" / "y.jsonl")
    assert done.exit_code == 0 and [p.name for p in (tmp_path / "x").iterdir()] == ["y.jsonl"]
    folder = call("convert", log, "--to", "sltev", "--out", tmp_path / "z.log")
    assert folder.exit_code == 2 and "name a folder" in folder.stderr


def test_how_tokens_join(log: Path, tmp_path: Path) -> None:
    def text(*args: object) -> str:
        out = tmp_path / f"t{len(args)}{args[-1] if args else ''}.log"
        done = call("convert", log, "--to", "simuleval", "--out", out, *args)
        assert done.exit_code == 0, done.output
        return str(json.loads(out.read_text("utf-8").splitlines()[0])["prediction"])

    assert text() == "das war gut"
    assert text("--detokenizer", "word") == "▁das ▁war ▁gut"
    assert text("--detokenizer", "char") == "▁das▁war▁gut"


def test_a_certificate(log: Path, reference_files: list[object], tmp_path: Path) -> None:
    args = [log, "--rules", "iwslt2026", "--dev", "mcif", "--source-lang", "en", *reference_files]
    out = tmp_path / "certificate.json"
    done = call("certify", *args, "--target-lang", "de", "--json", out)
    assert done.exit_code == 0, done.output
    assert "low (0–2 s)" in done.stdout and "XCOMET-XL" in done.stdout
    found = json.loads(out.read_text("utf-8"))
    assert (found["certified"], found["regime"], found["metric"]) == (True, "low", "LongYAAL")
    assert found["aware_ms"] == pytest.approx(found["value_ms"] + 500)
    assert found["missing"] == [] and found["asks"]
    printed = call("certify", *args, "--target-lang", "de", "--json", "-")
    assert json.loads(printed.stdout) == found


def test_no_regime_is_exit_1_and_a_mistake_exit_2(
    log: Path, reference_files: list[object], tmp_path: Path
) -> None:
    late = tmp_path / "late.jsonl"
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    for row in rows:
        if "total_audio_processed" in row:
            row["total_audio_processed"] += 9
    late.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    langs = ["--source-lang", "en", "--target-lang", "de"]
    done = call("certify", late, "--rules", "iwslt2025", *langs, *reference_files)
    assert done.exit_code == 1 and "none: not certified" in done.stdout
    for args, message in [
        ([log, "--rules", "iwslt2026", *reference_files], "does not say its languages"),
        ([log, "--rules", "none", *langs], "no such rules"),
        ([log, "--rules", "iwslt2026", "--source-lang", "en", "--target-lang", "fr"],
         "--target-lang fr: the year has"),
        ([tmp_path / "none", "--rules", "iwslt2026", *langs], "no such file"),
    ]:
        wrong = call("certify", *args)
        assert wrong.exit_code == 2 and message in wrong.stderr, wrong.output


def test_resegmenters_by_name(
    log: Path, reference_files: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    assert call("convert", log, "--to", "run", "--out", run, "--target-lang", "de",
                *reference_files).exit_code == 0

    def score(name: str):
        return call("score", run, "--metrics", "LongLAAL,BLEU,LongLAAL_CA", "--resegmenter", name,
                    "--json", "-")

    signed = {}
    for name in ("soft", "timed", "min-wer", "mweralign"):
        if name == "mweralign":
            pytest.importorskip("mweralign", reason='pip install "s2st-bench[peers]"')
        done = score(name)
        assert done.exit_code == 0, done.output
        rows = json.loads(done.stdout)["corpus"]
        made = {dict(f.split(":", 1) for f in r["signature"].split("|"))["reseg"] for r in rows}
        assert len(made) == 1 and rows[0]["n_scored"] == 6
        signed[name] = made.pop()
    assert signed["mweralign"] == f"mweralign({version('mweralign')})"
    assert len(set(signed.values())) == 4
    cut = tmp_path / "cut"
    done = call("convert", run, "--to", "resegmented", "--out", cut, "--resegmenter", "mweralign")
    assert done.exit_code == 0, done.output
    rows = map(json.loads, (cut / "instances.resegmented.jsonl").read_text("utf-8").splitlines())
    assert [row["prediction"] for row in rows] == ["das war", "gut"] * 3
    monkeypatch.setitem(sys.modules, "mweralign", None)
    absent = score("mweralign")
    assert absent.exit_code == 2 and 'pip install "s2st-bench[peers]"' in absent.stderr


@pytest.mark.skipif(not LOGS.is_dir(), reason=f"no logs at {LOGS}")
def test_the_real_long_log_survives_omnisteval_and_back(tmp_path: Path) -> None:
    folder = LOGS / "longform_acl6060_ende"
    done = call("convert", folder, "--to", "omnisteval", "--out", tmp_path / "o", "--segments",
                folder / "ref_segments.yaml", "--references", folder / "references.txt",
                "--target-lang", "de")
    assert done.exit_code == 0, done.output
    mine, theirs = ([json.loads(line) for line in path.read_text("utf-8").splitlines()]
                    for path in (tmp_path / "o" / "hypotheses.jsonl", folder / "instances.log"))
    for a, b in zip(mine, theirs, strict=True):
        assert a["prediction"] == " ".join(b["prediction"].split())
        assert a["delays"] == pytest.approx(b["delays"])
        assert a["elapsed"] == pytest.approx(b["elapsed"])
        assert a["source_length"] == b["source_length"]
    assert (tmp_path / "o" / "references.txt").read_text("utf-8").split() == \
        (folder / "references.txt").read_text("utf-8").split()
