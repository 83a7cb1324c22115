"""Stressed runs through the configuration, the runner and the board."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from s2st_bench.compose import compose
from s2st_bench.errors import ConfigError
from s2st_bench.leaderboards.site.build import build
from s2st_bench.runner import run
from s2st_bench.store import RunFolder

pytestmark = pytest.mark.slow
PAIR = ["dataset.pair=de-en", "metrics=chrF,LAAL,LAAL_CA"]
NOISY = ["dataset=stress", "dataset.inner=conference", "dataset.noise=white", "dataset.snr_db=0"]


def made(out: Path, name: str, *overrides: str) -> RunFolder:
    return RunFolder(run(compose([*PAIR, f"out={out}", f"name={name}", *overrides])))


def score(folder: RunFolder, metric: str) -> float:
    return next(float(row["value"]) for row in folder.scores()["corpus"] if row["metric"] == metric)


def test_noise_lowers_quality_and_the_board_pairs_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("S2ST_BENCH_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "runs"
    clean = made(out, "clean", "system=wait_k", "dataset=conference", "dataset.limit=5")
    noisy = made(out, "noisy", "system=wait_k", *NOISY, "dataset.inner.limit=5")
    assert score(noisy, "chrF") < score(clean, "chrF") - 5
    card = noisy.record().corpus_card
    assert card["clean"] == clean.record().fingerprint != noisy.record().fingerprint
    page = build([clean.path, noisy.path], tmp_path / "board").read_text("utf-8")
    assert page.count('<section class="group"') == 2
    (table,) = re.findall(r'<table class="board list stress">.*?</table>', page, re.DOTALL)
    assert "noise(white,0 dB,seed=0)" in table
    for metric in ("chrF", "LAAL"):
        assert f"<bdi>{metric}</bdi>" in table
    assert f"{score(clean, 'chrF'):.2f}" in table and f"{score(noisy, 'chrF'):.2f}" in table


@pytest.mark.parametrize("clock", ["simulated", "realtime"])
def test_a_bad_network_shows_in_aware_latency(tmp_path: Path, clock: str) -> None:
    pytest.importorskip("onnxruntime")
    common = ["system=wait_k", "dataset=conference", "dataset.limit=2", f"clock={clock}"]
    clean = made(tmp_path, "clean", *common)
    late = made(tmp_path, "late", *common, "delivery.jitter_s=0.5", "delivery.loss=0.02",
                "delivery.lost=late")
    assert score(late, "LAAL") == score(clean, "LAAL")
    assert score(late, "LAAL_CA") > score(clean, "LAAL_CA") + 300
    assert late.record().fingerprint != clean.record().fingerprint
    assert {trace.perturbation for trace in late.traces()} == {
        "delivery(packet_s=0.02,jitter_s=0.5,loss=0.02,lost=late,resend_s=0.2,seed=0)"}
    page = build([clean.path, late.path], tmp_path / "board").read_text("utf-8")
    assert 'board list stress' in page and page.count('<section class="group"') == 2


def test_wrong_names_are_told() -> None:
    with pytest.raises(ConfigError, match=r"dataset\.inner=conferenc.*conference"):
        compose([*PAIR, "system=silent", "dataset=stress", "dataset.inner=conferenc"])
    with pytest.raises(ConfigError, match=r"delivery\.jitter_s"):
        compose([*PAIR, "system=silent", "dataset=conference", "delivery.jiter_s=1"])
