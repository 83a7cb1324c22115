"""The demo's systems over corpora as they lie on disk: to text and speech, short and long form."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from s2st_bench.cli import app
from s2st_bench.corpora.fixtures import make
from s2st_bench.datasets.cvss.fixture import make as make_cvss
from s2st_bench.speech import espeak
from s2st_bench.store import RunFolder

pytest.importorskip("onnxruntime", reason="the reference models need onnxruntime")


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Options of each fixture."""
    espeak.version()
    folder = tmp_path_factory.mktemp("corpora")
    return {"mustc": make("mustc", folder / "mustc"),
            "simul_mustc": make("simul_mustc", folder / "simul_mustc"),
            "cvss_c": make_cvss(folder / "cvss", "de"), "cvss_t": make_cvss(folder / "cvss", "de")}


@pytest.mark.slow
@pytest.mark.parametrize("corpus, form, system, spoken", [
    ("mustc", "short", "wait_k", False), ("mustc", "short", "ctc_gate", True),
    ("mustc", "long", "emma", False), ("mustc", "long", "cascade_conference", True),
    ("simul_mustc", "short", "wait_k", False), ("simul_mustc", "long", "ctc_gate", True),
    ("cvss_c", "short", "wait_k", False), ("cvss_c", "short", "cascade_conference", True),
    ("cvss_t", "short", "ctc_gate", True), ("cvss_t", "short", "offline", False),
])
def test_from_disk_to_board(
    corpora: dict[str, dict[str, object]], corpus: str, form: str, system: str, spoken: bool,
    tmp_path: Path,
) -> None:
    options = dict(corpora[corpus])
    languages = {key: options.pop(key) for key in ("source_lang", "target_lang")}
    result = CliRunner().invoke(app, [
        "run", f"system={system}", f"dataset={corpus}", f"dataset.form={form}",
        *(["system.inner=reference"] if system == "offline" else []),
        *(f"dataset.{key}='{value}'" for key, value in options.items()),
        *(f"{key}={value}" for key, value in languages.items()),
        "outputs=[text,speech]" if spoken else "outputs=[text]",
        "metrics.names=[BLEU,LAAL_pen,SpeechEndOffset]", f"out='{tmp_path}'", "name=run",
    ])
    assert result.exit_code == 0, result.output
    run = RunFolder(tmp_path / "run")
    record = run.record()
    traces = list(run.traces())
    assert len(traces) == record.n_recordings > 0 and not any(t.error for t in traces)
    assert any(t.pieces for t in traces) is spoken
    recordings = list(run.recordings())
    assert all(r.long_form for r in recordings) is (form == "long")
    built = CliRunner().invoke(app, ["board", str(tmp_path / "run"), "--out", str(tmp_path / "b")])
    assert built.exit_code == 0, built.output
    page = (tmp_path / "b" / "index.html").read_text("utf-8")
    assert record.fingerprint in page and str(record.corpus_card["licence"]) in page
    assert f"{record.n_recordings}" in page
