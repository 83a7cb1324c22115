"""The board's page of the metrics' validity, from a file that may say anything."""

import json

import pytest

from s2st_bench.leaderboards.site import build

ROW = {
    "form": "short", "knob": "lag_s", "knob_unit": "s", "metric": "<script>AL", "unit": "ms",
    "ca": "live", "cut": None, "quantity": "lag", "levels": [0.0, 1.0], "known": [0.0, 1000.0],
    "values": [None, 1500.0], "n_scored": [0, 2], "bias": -500.25, "slope": None,
    "expected_slope": 1000.0, "monotone": None, "discriminates": False, "ordered": 0.5,
}
FOUND = {
    "version": 1,
    "corpus": {"notice": "synthetic", "short": 2, "long": 0, "source_lang": "en",
               "target_lang": "de"},
    "rows": [ROW], "resegmentation": [],
}


@pytest.fixture
def runs(tmp_path, board_runs):
    return board_runs.gallery(tmp_path / "runs")[:1]


def test_the_page_is_there_where_its_file_is_given(tmp_path, runs):
    path = tmp_path / "validity.json"
    path.write_text(json.dumps(FOUND), "utf-8")
    site = tmp_path / "site"
    front = build(runs, site, audio_s=0, validity=path)
    assert 'href="validity.html"' in front.read_text("utf-8")
    page = (site / "validity.html").read_text("utf-8")
    assert "<script>" not in page and "&lt;script&gt;AL (ca live)" in page
    for cell in ("– 1500", "0–2", "−500", "50.0%", "no"):
        assert f">{cell}<" in page
    front = build(runs, site, audio_s=0)  # the board built again without it
    assert "validity" not in front.read_text("utf-8") and not (site / "validity.html").exists()
