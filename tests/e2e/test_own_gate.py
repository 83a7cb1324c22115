"""The project gates itself: the reference wait-k model against the baseline that is committed."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from s2st_bench.cli import app
from s2st_bench.paths import package_roots

NAME = "wait_k_conference.json"


def run(out: Path, *overrides: str) -> Path:
    result = CliRunner().invoke(app, [
        "run", "system=wait_k", "dataset=conference", "source_lang=de", "target_lang=en",
        "clock=ideal", "dataset.limit=16", "name=own", f"out={out}", *overrides])
    assert result.exit_code == 0, result.output
    return out / "own"


def baseline() -> Path:
    (found,) = (path for root in package_roots("s2st_bench")
                if (path := root / "reports" / "baselines" / NAME).is_file())
    return found


def test_nothing_got_worse(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["gate", str(run(tmp_path)), "--baseline", str(baseline())])
    assert result.exit_code == 0, result.output
    assert "under clock=ideal no computation is measured" in result.output


def test_a_longer_wait_is_caught(tmp_path: Path) -> None:
    later = run(tmp_path, "system.k=9")
    result = CliRunner().invoke(app, ["gate", str(later), "--baseline", str(baseline())])
    assert result.exit_code == 1 and "LAAL_pen: worse by" in result.output, result.output
