"""The load curve on the board and in reports."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from types import ModuleType

from s2st_bench.leaderboards.site import build, read_definition
from s2st_bench.load.curve import Curve, Level, write_curve
from s2st_bench.reports.paper import build as report

LEVELS = (
    Level(1, 8, n_writes=40, p50_s=0.1, p95_s=0.2, p99_s=0.3, max_s=0.4, misses=0.0, drift=0.0),
    Level(4, 8, n_writes=40, p50_s=0.2, p95_s=0.9, p99_s=1.3, max_s=1.4, misses=0.0, drift=0.01),
    Level(8, 16, n_writes=80, p50_s=3.0, p95_s=9.0, p99_s=20.0, max_s=31.4, misses=0.7, drift=1.2,
          disturbed=True),
)


def loaded(folder: Path, board_runs: ModuleType, *, name: str = "waitk",
           error: str = "") -> Path:
    run: Path = board_runs.make_run(folder / name, board_runs.RunSpec(name, clock="realtime"))
    broken = (Level(16, error=error),) if error else ()
    write_curve(run, Curve(2.0, planned=(1, 4, 8), levels=(*LEVELS, *broken)))
    return run


def test_the_curve_its_knee_and_its_table(tmp_path: Path, board_runs: ModuleType) -> None:
    plain = board_runs.make_run(tmp_path / "plain", board_runs.RunSpec("eager", clock="realtime"))
    run = loaded(tmp_path, board_runs)
    page = build([run, plain], tmp_path / "site", audio_s=0,
                 definition=read_definition("procurement")).read_text("utf-8")
    assert page.count('<figure class="load">') == 1
    figure = page[page.index('<figure class="load">'):]
    assert "MaxStreams@p95≤2s: 4; knee at 4" in figure
    assert figure.count('class="dot') == 9 and figure.count("dot marked") == 3
    assert 'class="knee"' in figure and 'class="target"' in figure
    heights = [float(y) for y in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)" r="4.5"/>', figure)]
    p50, p95, p99 = heights[:3], heights[3:6], heights[6:9]
    assert p50[0] > p50[1] > p50[2] and all(a >= b >= c for a, b, c in zip(p50, p95, p99,
                                                                           strict=True))
    assert '<th scope="row" class="num">8</th><td class="num">3.00</td>' in figure
    # a column of the aware view only, with a reason for never ranking
    unaware, aware = page.split('<div class="view" data-view="aware">')
    assert "MaxStreams" not in unaware and ">MaxStreams@p95≤2s<" in aware
    assert "at 8 streams other work used the processors" in aware
    own = (tmp_path / "site" / "runs").glob("*waitk*.html")
    assert 'id="load"' in next(own).read_text("utf-8")


def test_what_a_system_says_cannot_break_the_page(tmp_path: Path, board_runs: ModuleType) -> None:
    attack = '</svg></script><script>window.broken=1</script>"><img src=x onerror=alert(1)>'
    run = loaded(tmp_path, board_runs, error=attack)
    page = build([run], tmp_path / "site", audio_s=0).read_text("utf-8")
    assert "<img src=x" not in page and "<script>window" not in page
    assert "&lt;script&gt;window.broken=1" in page


def test_reports_hold_the_levels(tmp_path: Path, board_runs: ModuleType) -> None:
    run = loaded(tmp_path, board_runs)
    report([run], tmp_path / "report")
    text = (tmp_path / "report" / "load.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [(row["streams"], row["holds"], row["knee"]) for row in rows] == [
        ("1", "True", "False"), ("4", "True", "True"), ("8", "False", "False")]
    assert float(rows[2]["p95_s"]) == 9.0
    assert "knee at 4" in (tmp_path / "report" / "tables.md").read_text("utf-8")
    plain = board_runs.make_run(tmp_path / "plain", board_runs.RunSpec("eager"))
    names = {path.name for path in report([plain], tmp_path / "other").files}
    assert "load.csv" not in names and "numbers.csv" in names
